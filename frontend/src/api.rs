//! What the page makes of the HTTP API's errors.

use causerie_client::{ChangeError, LoadError, SettingError, words};
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

/// The error of what the person sets of a chat.
pub fn setting_error(error: ApiError) -> SettingError {
    match error.status {
        401 => SettingError::Unauthorized,
        _ => SettingError::Failed { detail: sentence(error) },
    }
}

/// The error of a change as the client needs it.
pub fn change_error(error: ApiError) -> ChangeError {
    match error.status {
        401 => ChangeError::Unauthorized,
        // Too early and too much pass (RFC 9110, section 15.5.9, and RFC 6585, section 4).
        408 | 429 => ChangeError::Temporary,
        400..=499 => ChangeError::Refused { detail: sentence(error) },
        _ => ChangeError::Temporary,
    }
}
