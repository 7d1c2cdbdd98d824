//! What the page makes of the HTTP API's errors.

use causerie_client::{LoadError, words};
use causerie_texts::say;
use causerie_web::api::{ApiError, Failure};

/// What is wrong and what to do, for a person.
pub fn sentence(error: ApiError) -> String {
    match error.failure {
        Failure::NoAnswer => say!(NoAnswer).to_owned(),
        Failure::NotUnderstood => say!(NotUnderstood).to_owned(),
        Failure::Refused(problem) => words::error(&problem.code, problem.field.as_deref(), problem.detail),
    }
}

/// The error as the client needs it.
pub fn load_error(error: ApiError) -> LoadError {
    match error.status {
        401 => LoadError::Unauthorized,
        403 | 404 => LoadError::NotFound,
        _ => LoadError::Temporary { detail: sentence(error) },
    }
}
