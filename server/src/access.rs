//! Who may do what: one table of all routes, which the router asks before a handler runs.
//!
//! A route that is missing here is refused, whatever registers it, so a handler can't be reached by being forgotten.
//! What the table says of the installation ([`Who`]) is checked by `http/guard.rs`; what it says of a chat ([`InChat`])
//! only the store can check, inside the transaction that reads or changes the chat.

use axum::http::Method;
use causerie_protocol::{Role, paths};

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
    /// The sender of the message that the request names.
    Sender,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    /// As the router has it, with the closing slash if it has one: `/api/chats/{id}/`.
    pub path: &'static str,
    pub who: Who,
    pub in_chat: Option<InChat>,
}

impl Route {
    const fn new(method: Method, path: &'static str, who: Who) -> Self {
        Self { method, path, who, in_chat: None }
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
    Route::new(POST, paths::LOGOUT, Who::SignedIn),
    Route::new(GET, paths::ME, Who::SignedIn),
    Route::new(GET, paths::TOKENS, Who::SignedIn),
    Route::new(DELETE, paths::TOKENS, Who::SignedIn),
    Route::new(DELETE, "/api/auth/tokens/{id}/", Who::SignedIn),
    Route::new(POST, paths::RESET, Who::Anonymous),
    Route::new(POST, paths::RESET_PASSWORD, Who::Anonymous),
    Route::new(GET, paths::INSTALLATION, Who::Anonymous),
    Route::new(POST, paths::INVITATION, Who::Anonymous),
    Route::new(GET, paths::ACCOUNT, Who::SignedIn),
    Route::new(PATCH, paths::ACCOUNT, Who::SignedIn),
    Route::new(POST, paths::DELETE_ACCOUNT, Who::SignedIn),
    Route::new(POST, paths::KEEP_ACCOUNT, Who::SignedIn),
    Route::new(GET, paths::PEOPLE, Who::Moderator),
    Route::new(DELETE, "/api/admin/people/{id}/", Who::Owner),
    Route::new(PATCH, "/api/admin/people/{id}/", Who::Owner),
    Route::new(POST, "/api/admin/people/{id}/suspend/", Who::Moderator),
    Route::new(POST, "/api/admin/people/{id}/restore/", Who::Moderator),
    Route::new(POST, "/api/admin/people/{id}/sign-out/", Who::Moderator),
    Route::new(POST, "/api/admin/people/{id}/reset/", Who::Owner),
    Route::new(GET, paths::INVITATIONS, Who::Moderator),
    Route::new(POST, paths::INVITATIONS, Who::Moderator),
    Route::new(DELETE, "/api/admin/invitations/{id}/", Who::Moderator),
    Route::new(GET, paths::AUDIT, Who::Moderator),
    Route::new(GET, paths::CHATS, Who::SignedIn),
    Route::new(POST, paths::CHATS, Who::Member),
    Route::new(GET, "/api/chats/{id}/", Who::SignedIn).within(InChat::Participant),
    Route::new(PATCH, "/api/chats/{id}/", Who::SignedIn).within(InChat::Participant),
    Route::new(DELETE, "/api/chats/{id}/", Who::SignedIn).within(InChat::Participant),
    Route::new(POST, "/api/chats/{id}/participants/", Who::Member).within(InChat::Participant),
    Route::new(POST, "/api/chats/{id}/leave/", Who::SignedIn).within(InChat::Participant),
    Route::new(GET, "/api/chats/{id}/messages/", Who::SignedIn).within(InChat::Participant),
    Route::new(POST, "/api/chats/{id}/messages/", Who::SignedIn).within(InChat::Participant),
    Route::new(GET, "/api/messages/{id}/", Who::SignedIn).within(InChat::Participant),
    Route::new(PATCH, "/api/messages/{id}/", Who::SignedIn).within(InChat::Sender),
    Route::new(DELETE, "/api/messages/{id}/", Who::SignedIn).within(InChat::Sender),
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
