//! What moderators decide: about reports, and that a chat of two opens again. Stored first, then told to every node.

use causerie_protocol::reports::{CloseReport, ReportAction};
use causerie_protocol::{ReportId, UserId};

use crate::bus::{Bus, Envelope};
use crate::chat::{event_envelope, reunion};
use crate::hub::Hub;
use crate::store::{Actor, Reopening, ReportClosed, Store, StoreError};

/// Does something about a report and closes it; when this returns, whoever was suspended by it is out on this node, and a
/// moment later on the others.
pub(crate) async fn close_report(
    store: &dyn Store,
    bus: &dyn Bus,
    moderator: Actor,
    id: ReportId,
    body: &CloseReport,
) -> Result<ReportClosed, StoreError> {
    let mut closed = store.close_report(moderator, id, body).await?;
    if let ReportClosed::Now(done) = &mut closed {
        let mut envelopes: Vec<Envelope> = done.deleted.iter().map(event_envelope).collect();
        let tokens = std::mem::take(&mut done.ended);
        if !tokens.is_empty() {
            envelopes.push(Envelope::Suspended { tokens });
        }
        if body.action == ReportAction::Suspended {
            envelopes.push(Envelope::UserChanged { user: done.report.reported.id });
        }
        bus.publish(envelopes).await;
    }
    Ok(closed)
}

/// Opens the chat of two that one of them has ended, unless a block keeps them apart.
pub(crate) async fn reopen(
    store: &dyn Store,
    bus: &dyn Bus,
    hub: &Hub,
    actor: Actor,
    one: UserId,
    other: UserId,
) -> Result<Reopening, StoreError> {
    let reopening = store.reopen_pair(actor, one, other).await?;
    if let Reopening::Done { still_parted, event, back } = &reopening {
        let mut envelopes = Vec::new();
        if !still_parted {
            envelopes = reunion(store, hub, one, other, event.as_deref()).await?;
        }
        if let Some((chat, users)) = back.as_ref().filter(|(_, users)| !users.is_empty()) {
            envelopes.push(Envelope::ChatAdded { chat: *chat, users: users.clone() });
        }
        bus.publish(envelopes).await;
    }
    Ok(reopening)
}
