//! Points in time in a statement and in a row: the column is an integer.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

use crate::clock::UnixMicros;

impl<DB: Database> Type<DB> for UnixMicros
where
    i64: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        i64::type_info()
    }

    fn compatible(column: &DB::TypeInfo) -> bool {
        i64::compatible(column)
    }
}

impl<'q, DB: Database> Encode<'q, DB> for UnixMicros
where
    i64: Encode<'q, DB>,
{
    fn encode_by_ref(&self, parameter: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.encode_by_ref(parameter)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for UnixMicros
where
    i64: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        i64::decode(value).map(Self)
    }
}
