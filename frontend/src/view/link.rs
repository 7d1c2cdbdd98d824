//! An invitation that is made, in the administration and from a group: what it is to be, and its link, which is shown once.

use causerie_protocol::accounts::{CreateInvitation, Invitation, Link, Role};
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::qr::qr;
use super::widgets::to_copy;
use crate::app::App;
use crate::time;

/// The whole address of a link that was just made, and when it ends, in words.
pub type Shown = (String, String);

/// A link to a view of the page, which `page` names by the secret.
pub fn shown(app: App, link: &Link, page: fn(&str) -> String) -> Shown {
    let ends = app.clock(|clock| clock.full(time::millis(&link.ends_at)));
    (causerie_web::base() + &page(&link.token), say!(LinkEnds, time = ends))
}

/// The link, the only time that it is shown.
pub fn draw((address, ends): Shown) -> AnyView {
    let code = qr(&address, say!(QrOfLink));
    page! {
        <div class="notice link-box" role="status">
            <p>say!(LinkOnce)" "{ends}</p>
            {to_copy("link", say!(TheLink), address)}
            {code}
        </div>
    }
    .into_any()
}

/// An invitation in a list: whose it is for and how often it was used, with what can be done.
pub fn row(app: App, invitation: &Invitation, action: AnyView) -> AnyView {
    let ends = app.clock(|clock| clock.full(time::millis(&invitation.ends_at)));
    let used = say!(InvitationUsed, uses = invitation.uses, most = invitation.max_uses, time = ends);
    view! {
        <li data-testid="invitation">
            <div class="who"><strong>{role_word(invitation.role)}</strong><span class="soft">{used}</span></div>
            {action}
        </li>
    }
    .into_any()
}

pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => say!(Owner),
        Role::Moderator => say!(Moderator),
        Role::Member => say!(Member),
        Role::Guest => say!(Guest),
    }
}

/// The fields of how many may come by an invitation, and until when.
pub fn bounds() -> AnyView {
    page! {
        <label class="field"><span>say!(UsesOfLink)</span><input name="uses" type="number" min="1" max="1000" value="1" required /></label>
        <label class="field"><span>say!(DaysOfLink)</span><input name="days" type="number" min="1" max="366" value="7" required /></label>
    }
    .into_any()
}

/// What a form with these fields, and one for the role, asks for.
pub fn wanted(field: &impl Fn(&str) -> String) -> CreateInvitation {
    CreateInvitation {
        role: field("role").parse().unwrap_or_default(),
        hours: field("days").parse().ok().map(|days: i64| days.saturating_mul(24)),
        uses: field("uses").parse().ok(),
        chats: Vec::new(),
    }
}
