//! `/api/reports/` and `/api/admin/reports/…`: telling the moderators of a message, and what they do about it.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use causerie_protocol::reports::{CloseReport, CreateReport, Report};
use causerie_protocol::{ReportId, limits, paths};
use serde::Deserialize;

use super::RouteSlash;
use super::caller::check_rate;
use super::id::{Id, Resource};
use super::json_body::JsonBody;
use crate::auth::Caller;
use crate::moderation;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::{Actor, ReportClosed, Reported};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route_slash(paths::REPORTS, post(report))
        .route_slash(paths::ADMIN_REPORTS, get(list))
        .route_slash(&format!("{}{{id}}/", paths::ADMIN_REPORTS), get(read))
        .route_slash(&format!("{}{{id}}/close/", paths::ADMIN_REPORTS), post(close))
}

impl Resource for ReportId {
    fn not_found() -> Refusal {
        Refusal::no_such_report()
    }
}

/// The answer is the same for a report and its repeat; who is reported is not told.
async fn report(
    State(app): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<CreateReport>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    match app.store.report(caller.user.id, &body, app.config.limits.reports_per_day_per_user).await? {
        Reported::New(_) | Reported::Known(_) => Ok(StatusCode::NO_CONTENT),
        Reported::NoSuchMessage => Err(Refusal::no_such_message()),
        Reported::OwnMessage => Err(Refusal::own_message_reported()),
        Reported::TooMany { wait } => Err(Refusal::too_many_reports(wait)),
    }
}

/// Which reports are listed.
#[derive(Deserialize)]
struct Place {
    /// Those that are closed too.
    #[serde(default)]
    all: bool,
    before: Option<i64>,
}

/// Nobody sees, nor closes, what was reported of oneself; the command line shows all of it.
fn is_about(report: &Report, caller: &Caller) -> bool {
    report.reported.id == caller.user.id
}

async fn list(
    State(app): State<AppState>,
    caller: Caller,
    query: Result<Query<Place>, QueryRejection>,
) -> Result<Json<Vec<Report>>, Refusal> {
    let Query(place) = query.map_err(|_| {
        Refusal::invalid("query", "\"before\" is the id of a report, and \"all\" is true or false.")
    })?;
    let before = ReportId(place.before.unwrap_or(i64::MAX));
    let (me, limit) = (caller.user.id, limits::ADMIN_PAGE as u64);
    Ok(Json(app.store.reports(Some(me), !place.all, before, limit).await?))
}

async fn read(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ReportId>,
) -> Result<Json<Report>, Refusal> {
    let report = app.store.read_report(id).await?.filter(|report| !is_about(report, &caller));
    report.map(Json).ok_or_else(Refusal::no_such_report)
}

async fn close(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ReportId>,
    JsonBody(body): JsonBody<CloseReport>,
) -> Result<Json<Report>, Refusal> {
    check_rate(&app, &caller, None)?;
    let moderator = Actor::User(caller.user.id);
    match moderation::close_report(&*app.store, &*app.bus, moderator, id, &body).await? {
        ReportClosed::Now(done) => Ok(Json(done.report)),
        ReportClosed::AboutOneself => Err(Refusal::no_such_report()),
        refused => Err(Refusal::report_not_closed(refused)),
    }
}
