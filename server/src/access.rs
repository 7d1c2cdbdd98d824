//! Who may do what: one table of all routes, which the router asks before a handler runs.
//!
//! A route that is missing here is refused, whatever registers it, so a handler can't be reached by being forgotten.
//! What the table says of the installation ([`Who`]) is checked by `http/guard.rs`; what it says of a chat ([`InChat`])
//! only the store can check, inside the transaction that reads or changes the chat.

use axum::http::Method;
use causerie_protocol::examples::client_frames;
use causerie_protocol::{ClientFrame, Role, paths};

/// Who may make a request, by what is known before its handler runs. Each of the signed-in ones includes those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Everybody, also without a token.
    Anonymous,
    /// Who has the token of the metrics, if one is set; an account is not asked for.
    Operator,
    /// Everybody with a valid token, guests of an invitation included.
    SignedIn,
    /// A member of the installation: no guest.
    Member,
    /// A moderator of the installation, or an owner.
    Moderator,
    /// An owner of the installation.
    Owner,
}

impl Who {
    /// Whether somebody with this role may, or somebody without an account.
    #[must_use]
    pub fn admits(self, role: Option<Role>) -> bool {
        match self {
            // A token of its own is asked for, whoever shows it.
            Self::Anonymous | Self::Operator => true,
            Self::SignedIn => role.is_some(),
            Self::Member => role >= Some(Role::Member),
            Self::Moderator => role >= Some(Role::Moderator),
            Self::Owner => role >= Some(Role::Owner),
        }
    }
}

/// What the caller must be in the chat that the request names; anybody else is told that there is no such chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InChat {
    Participant,
    /// In a group a moderator or owner of it.
    Moderator,
    /// In a group the owner of it.
    Owner,
    /// The sender of the message that the request names.
    Sender,
    /// The same, or in a group a moderator or owner of it.
    SenderOrModerator,
    /// The same, and whoever else is in the chat is told that there is no such message.
    SenderOrModeratorUnseen,
}

/// What becomes of a request that concerns somebody from whom the caller is apart: one blocked the other, or ended the chat
/// of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// The other is to the caller as somebody who does not exist.
    Unknown,
    /// The chat of the two is closed to both.
    Closed,
    /// It is done, and what it does does not reach the other.
    Unheard,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    /// As the router has it, with the closing slash if it has one: `/api/chats/{id}/`.
    pub path: &'static str,
    pub who: Who,
    pub in_chat: Option<InChat>,
    /// `None`: it is the same for everybody.
    pub apart: Option<Apart>,
    /// Whether somebody may make it who has to set up a second factor first.
    pub to_set_up_factor: bool,
}

impl Route {
    const fn new(method: Method, path: &'static str, who: Who) -> Self {
        Self { method, path, who, in_chat: None, apart: None, to_set_up_factor: false }
    }

    const fn also_to_set_up_factor(mut self) -> Self {
        self.to_set_up_factor = true;
        self
    }

    const fn between(mut self, apart: Apart) -> Self {
        self.apart = Some(apart);
        self
    }

    const fn within(mut self, in_chat: InChat) -> Self {
        self.in_chat = Some(in_chat);
        self
    }

    /// Whether this is the row of a path, with or without its closing slash.
    fn is_at(&self, path: &str) -> bool {
        self.path.trim_end_matches('/') == path.trim_end_matches('/')
    }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// Every route of the API, the sockets and the server's health; what is not here is the page, which everybody may load.
pub static ROUTES: &[Route] = &[
    Route::new(GET, paths::HEALTH, Who::Anonymous),
    Route::new(GET, paths::READY, Who::Anonymous),
    Route::new(GET, paths::METRICS, Who::Operator),
    Route::new(GET, paths::DOCTOR, Who::Anonymous),
    Route::new(GET, "/api/doctor/probes/{probe}/", Who::Anonymous),
    Route::new(POST, paths::REGISTER, Who::Anonymous),
    Route::new(POST, paths::LOGIN, Who::Anonymous),
    Route::new(POST, paths::LOGOUT, Who::SignedIn).also_to_set_up_factor(),
    Route::new(GET, paths::ME, Who::SignedIn).also_to_set_up_factor(),
    Route::new(GET, paths::TOKENS, Who::SignedIn).also_to_set_up_factor(),
    Route::new(DELETE, paths::TOKENS, Who::SignedIn),
    Route::new(DELETE, "/api/auth/tokens/{id}/", Who::SignedIn),
    Route::new(POST, paths::RESET, Who::Anonymous),
    Route::new(POST, paths::RESET_PASSWORD, Who::Anonymous),
    Route::new(POST, paths::CONFIRM_EMAIL, Who::Anonymous),
    Route::new(GET, paths::INSTALLATION, Who::Anonymous),
    Route::new(POST, paths::INVITATION, Who::Anonymous),
    Route::new(POST, paths::JOIN_GROUPS, Who::SignedIn),
    Route::new(GET, paths::ACCOUNT, Who::SignedIn).also_to_set_up_factor(),
    Route::new(PATCH, paths::ACCOUNT, Who::SignedIn),
    Route::new(POST, paths::DELETE_ACCOUNT, Who::SignedIn),
    Route::new(POST, paths::KEEP_ACCOUNT, Who::SignedIn),
    Route::new(POST, paths::SECOND_FACTOR, Who::SignedIn).also_to_set_up_factor(),
    Route::new(POST, paths::CONFIRM_SECOND_FACTOR, Who::SignedIn).also_to_set_up_factor(),
    Route::new(POST, paths::SECOND_FACTOR_OFF, Who::SignedIn),
    Route::new(POST, paths::RECOVERY_CODES, Who::SignedIn),
    Route::new(GET, paths::PEOPLE, Who::Moderator),
    Route::new(DELETE, "/api/admin/people/{id}/", Who::Owner),
    Route::new(PATCH, "/api/admin/people/{id}/", Who::Owner),
    Route::new(POST, "/api/admin/people/{id}/suspend/", Who::Moderator),
    Route::new(POST, "/api/admin/people/{id}/restore/", Who::Moderator),
    Route::new(POST, "/api/admin/people/{id}/sign-out/", Who::Moderator),
    Route::new(POST, "/api/admin/people/{id}/reset/", Who::Owner),
    Route::new(POST, "/api/admin/people/{id}/reopen/", Who::Moderator),
    Route::new(GET, paths::INVITATIONS, Who::Moderator),
    Route::new(POST, paths::INVITATIONS, Who::Moderator),
    Route::new(DELETE, "/api/admin/invitations/{id}/", Who::Moderator),
    Route::new(GET, paths::AUDIT, Who::Moderator),
    Route::new(GET, paths::SETTINGS, Who::Moderator),
    Route::new(PATCH, paths::SETTINGS, Who::Owner),
    Route::new(GET, paths::CHATS, Who::SignedIn),
    Route::new(POST, paths::CHATS, Who::Member).between(Apart::Unknown),
    Route::new(GET, "/api/chats/{id}/", Who::SignedIn).within(InChat::Participant),
    Route::new(PATCH, "/api/chats/{id}/", Who::SignedIn).within(InChat::Moderator).between(Apart::Closed),
    Route::new(DELETE, "/api/chats/{id}/", Who::SignedIn).within(InChat::Owner),
    Route::new(POST, "/api/chats/{id}/participants/", Who::Member)
        .within(InChat::Moderator)
        .between(Apart::Unknown),
    // Members of the installation only where it lets them.
    Route::new(GET, "/api/chats/{id}/invitations/", Who::Member).within(InChat::Moderator),
    Route::new(POST, "/api/chats/{id}/invitations/", Who::Member).within(InChat::Moderator),
    Route::new(DELETE, "/api/chats/{id}/invitations/{invitation}/", Who::Member).within(InChat::Moderator),
    Route::new(PATCH, "/api/chats/{id}/participants/{user}/", Who::SignedIn).within(InChat::Owner),
    Route::new(DELETE, "/api/chats/{id}/participants/{user}/", Who::SignedIn).within(InChat::Moderator),
    Route::new(PATCH, "/api/chats/{id}/settings/", Who::SignedIn).within(InChat::Participant),
    Route::new(POST, "/api/chats/{id}/leave/", Who::SignedIn).within(InChat::Participant),
    Route::new(POST, "/api/chats/{id}/accept/", Who::SignedIn)
        .within(InChat::Participant)
        .between(Apart::Closed),
    Route::new(GET, "/api/chats/{id}/messages/", Who::SignedIn).within(InChat::Participant),
    Route::new(POST, "/api/chats/{id}/messages/", Who::SignedIn)
        .within(InChat::Participant)
        .between(Apart::Closed),
    Route::new(GET, "/api/messages/{id}/", Who::SignedIn).within(InChat::Participant),
    Route::new(PATCH, "/api/messages/{id}/", Who::SignedIn).within(InChat::Sender).between(Apart::Closed),
    Route::new(DELETE, "/api/messages/{id}/", Who::SignedIn).within(InChat::SenderOrModerator),
    Route::new(GET, "/api/messages/{id}/former/", Who::SignedIn).within(InChat::SenderOrModeratorUnseen),
    Route::new(POST, "/api/messages/{id}/reactions/", Who::SignedIn)
        .within(InChat::Participant)
        .between(Apart::Closed),
    Route::new(POST, "/api/messages/{id}/pin/", Who::SignedIn)
        .within(InChat::Moderator)
        .between(Apart::Closed),
    Route::new(GET, paths::BLOCKS, Who::SignedIn),
    Route::new(POST, paths::BLOCKS, Who::SignedIn),
    Route::new(DELETE, "/api/blocks/{user}/", Who::SignedIn),
    Route::new(POST, paths::REPORTS, Who::SignedIn),
    Route::new(GET, paths::ADMIN_REPORTS, Who::Moderator),
    Route::new(GET, "/api/admin/reports/{id}/", Who::Moderator),
    Route::new(POST, "/api/admin/reports/{id}/close/", Who::Moderator),
    Route::new(POST, paths::SEARCH, Who::SignedIn),
    Route::new(GET, paths::PRIVACY, Who::SignedIn),
    Route::new(PATCH, paths::PRIVACY, Who::SignedIn),
    // A refused handshake is closed with a code, which a browser can read, so the handshake itself checks the token.
    Route::new(GET, paths::SOCKET, Who::SignedIn),
    Route::new(GET, "/ws/chats/{id}/", Who::SignedIn).within(InChat::Participant),
];

/// The row of a request, by its method and the path that the router matched; without one it is for nobody.
#[must_use]
pub fn find(method: &Method, path: &str) -> Option<&'static Route> {
    // What may be read may be asked for without its body (RFC 9110, section 9.3.2).
    let method = if method == Method::HEAD { &GET } else { method };
    ROUTES.iter().find(|route| route.method == *method && route.is_at(path))
}

/// What a frame of a client asks for; checked by the session and, of a chat, by the store with the change itself.
#[must_use]
pub fn of_frame(frame: &ClientFrame) -> (Option<InChat>, Option<Apart>) {
    match frame {
        ClientFrame::Message { .. } => (Some(InChat::Participant), Some(Apart::Closed)),
        ClientFrame::Typing { .. } | ClientFrame::Read { .. } => {
            (Some(InChat::Participant), Some(Apart::Unheard))
        }
        ClientFrame::Subscribe { .. } => (Some(InChat::Participant), None),
        ClientFrame::Unsubscribe { .. } | ClientFrame::Pong { .. } | ClientFrame::Ping { .. } => (None, None),
    }
}

/// `docs/ACCESS.md`.
#[must_use]
pub fn markdown() -> String {
    let in_chat = |in_chat: Option<InChat>| match in_chat {
        None => "",
        Some(InChat::Participant) => "participant",
        Some(InChat::Moderator) => "in a group its moderator or owner",
        Some(InChat::Owner) => "in a group its owner",
        Some(InChat::Sender) => "sender",
        Some(InChat::SenderOrModerator) => "sender, or in a group its moderator or owner",
        Some(InChat::SenderOrModeratorUnseen) => {
            "sender, or in a group its moderator or owner; for others it is not there"
        }
    };
    let apart = |apart: Option<Apart>| match apart {
        None => "",
        Some(Apart::Unknown) => "nobody there",
        Some(Apart::Closed) => "their chat of two is closed",
        Some(Apart::Unheard) => "does not reach the other",
    };
    let mut page = HEAD.to_owned();
    page.push_str(
        "| request | in the installation | in the chat | between people who are apart |\n|---|---|---|---|\n",
    );
    for route in ROUTES {
        let who = match route.who {
            Who::Anonymous => "everybody",
            Who::Operator => "who has the token of the metrics",
            Who::SignedIn => "signed in",
            Who::Member => "member",
            Who::Moderator => "moderator",
            Who::Owner => "owner",
        };
        let Route { method, path, .. } = route;
        let before = if route.to_set_up_factor { " *" } else { "" };
        let (in_chat, apart) = (in_chat(route.in_chat), apart(route.apart));
        page.push_str(&format!("| `{method} {path}` | {who}{before} | {in_chat} | {apart} |\n"));
    }
    page.push_str(FRAMES_HEAD);
    for (frame, _) in client_frames() {
        let json = serde_json::to_value(&frame).unwrap_or_default();
        let kind = json["type"].as_str().unwrap_or_default().to_owned();
        let (place, between) = of_frame(&frame);
        let row = format!("| `{kind}` | {} | {} |\n", in_chat(place), apart(between));
        // A frame has an example for each way to write it.
        if !page.ends_with(&row) {
            page.push_str(&row);
        }
    }
    page
}

const HEAD: &str = "\
<!-- Made from the code that checks it by `cargo run -p causerie-server --example access`; a test holds it current. -->

# Who may do what

A request that is not in this table is answered by nobody.
Who may not be told of a chat, a message or a person gets the answer for one that does not exist: 404, or over a socket `no_such_chat`.
Whose role in the installation or in the group is too small gets 403; without a token it is 401.
Each role includes those before it: guest, member, moderator, owner in the installation; member, moderator, owner in a group.
Whom the installation asks for a second factor (`--require-2fa`) and who has none may only make the requests with a star, which lead to one; the others get 403, and a socket is closed with 4005.
Into a group its moderators and owner invite whom `--who-invites` lets: the moderators and owners of the installation, or its members too, as they may in any case where everybody may register.
Two people are apart when one blocked the other, or ended the chat of the two: neither can tell which.

";

const FRAMES_HEAD: &str = "
## Frames on a socket

The handshake takes a valid token of anybody who is not suspended.

| frame | in the chat | between people who are apart |
|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_found_with_and_without_its_slash_and_by_head() {
        for path in [paths::ME, "/api/auth/me"] {
            for method in [Method::GET, Method::HEAD] {
                let route = find(&method, path).unwrap();
                assert_eq!((route.path, route.who), (paths::ME, Who::SignedIn));
            }
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_for_nobody() {
        assert_eq!(find(&Method::GET, "/api/forgotten/"), None);
        assert_eq!(find(&Method::PUT, paths::CHATS), None);
    }

    #[test]
    fn a_greater_role_may_what_a_smaller_one_may() {
        for (who, admitted) in [
            (Who::SignedIn, &Role::ALL[..]),
            (Who::Member, &Role::ALL[1..]),
            (Who::Moderator, &Role::ALL[2..]),
            (Who::Owner, &Role::ALL[3..]),
        ] {
            assert!(!who.admits(None), "{who:?}");
            for role in Role::ALL {
                assert_eq!(who.admits(Some(role)), admitted.contains(&role), "{who:?} {role}");
            }
        }
        assert!(Who::Anonymous.admits(None));
    }

    #[test]
    fn no_route_stands_there_twice() {
        for (index, route) in ROUTES.iter().enumerate() {
            let twin = |other: &Route| other.is_at(route.path) && other.method == route.method;
            assert!(!ROUTES[..index].iter().any(twin), "{} {}", route.method, route.path);
        }
    }
}
