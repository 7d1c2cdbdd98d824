//! The one place where a request is let through to its handler or not, as the table of [`access`] says.

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::caller::verify;
use super::metrics;
use crate::access::{self, Who};
use crate::refusal::Refusal;
use crate::state::AppState;

/// Middleware of every route: the caller, if the route asks for one, stands in the request's extensions afterwards.
pub(super) async fn authorise(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let request = match check(&app, request).await {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    if request.method().is_safe() {
        return next.run(request).await;
    }
    // What is stored is told to every socket and node, also when the client goes away in between: then this future is dropped,
    // and the task goes on.
    let handled = tokio::spawn(next.run(request).in_current_span()).await;
    handled.unwrap_or_else(|_| Refusal::internal().into_response())
}

async fn check(app: &AppState, request: Request) -> Result<Request, Refusal> {
    let (mut parts, body) = request.into_parts();
    let path = MatchedPath::from_request_parts(&mut parts, app).await;
    let route = path.ok().and_then(|path| access::find(&parts.method, path.as_str()));
    let Some(route) = route else {
        tracing::error!("a route that has no row in the table of access was asked for");
        return Err(Refusal::no_such_address());
    };
    match route.who {
        Who::Anonymous => {}
        Who::Operator => metrics::check_token(app, &parts.headers)?,
        who => {
            let caller = verify(&mut parts, app).await?;
            if !caller.may(who) {
                return Err(Refusal::role_too_low(who));
            }
            if caller.lacks_second_factor && !route.to_set_up_factor {
                return Err(Refusal::second_factor_required());
            }
            parts.extensions.insert(caller);
        }
    }
    Ok(Request::from_parts(parts, body))
}
