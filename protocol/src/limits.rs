//! The limits of the protocol; the server enforces them and sends them in its `welcome`.

use serde::Serialize;

use crate::read::read_fields;

/// Version of the protocol that `welcome` announces.
pub const VERSION: u32 = 1;
/// Longest text of a message, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 16 * 1024;
/// Bytes that a JSON writer may make of one byte of text at most: `\u0001` (RFC 8259, section 7).
/// The bytes of characters beyond ASCII become three each at most.
pub const JSON_ESCAPE_BYTES: usize = 6;
/// Largest WebSocket frame or message that the server reads, in bytes; a larger one closes with 1009.
///
/// A text of [`TEXT_BYTES`] fits however it is escaped.
/// A socket holds as much only while such a frame arrives on it, and only after its token was checked.
pub const FRAME_BYTES: usize = 128 * 1024;
/// Longest `client_id`, in bytes.
pub const CLIENT_ID_BYTES: usize = 64;
/// Days for which a refused message's `client_id` stays refused: far longer than a copy of it can wait in a server that
/// was paused, or in the network before it.
pub const REFUSED_DAYS: i64 = 30;
/// Longest title of a chat, in bytes of UTF-8.
pub const TITLE_BYTES: usize = 200;
/// Longest name of a person, in bytes of UTF-8.
pub const NAME_BYTES: usize = 100;
/// Longest e-mail address, in bytes (RFC 5321, section 4.5.3.1.3).
pub const EMAIL_BYTES: usize = 254;
/// Shortest password, in characters (NIST SP 800-63B, section 3.1.1.2, for a password beside nothing else asks for
/// more; eight is its floor).
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Longest password, in bytes, so that hashing can't be made to work for ever.
pub const PASSWORD_MAX_BYTES: usize = 1024;
/// Most people in one chat.
pub const PARTICIPANTS: usize = 500;
/// Messages of a page of history when the request names no `limit`.
pub const PAGE_DEFAULT: usize = 100;
/// Most messages of a page of history.
pub const PAGE_MAX: usize = 500;
/// Most former texts of a message in one answer, and how many come when the request names no `limit`.
pub const FORMER_TEXTS_PAGE: usize = 50;
/// Most missed events that a `subscribe` replays; who missed more gets `reset:true` and loads afresh.
pub const RESUME_EVENTS: u64 = 1_000;
/// Most chats that one socket follows.
pub const SUBSCRIPTIONS: usize = 1_000;
/// Most chats of a page of the list, and how many come when the request names no `limit`: as many as one socket
/// follows.
pub const CHATS_PAGE: usize = SUBSCRIPTIONS;
/// Most chats that a `ping` names beside those that its socket follows.
pub const MOVED_CHATS: u64 = 1_000;
/// Most people of a chat in the list of chats; `GET /api/chats/{id}/` has all of them.
pub const LISTED_PARTICIPANTS: usize = 20;
/// Seconds between two pings of the server.
pub const HEARTBEAT_SECONDS: u64 = 25;
/// Seconds that a ping may stay unanswered before the socket is closed with 4202.
pub const HEARTBEAT_GRACE_SECONDS: u64 = 25;
/// Frames that wait for a slow socket; one more closes it with 4201.
pub const OUTBOX_FRAMES: usize = 1_024;
/// Bytes that wait for a slow socket; more closes it with 4201.
pub const OUTBOX_BYTES: usize = 4 * 1024 * 1024;
/// Frames a second of one socket, unless the server's settings say otherwise; a socket that sends faster is read more
/// slowly.
pub const FRAMES_PER_SECOND: u32 = 2_000;
/// The same for all sockets of one person together.
pub const FRAMES_PER_SECOND_PER_USER: u32 = 4_000;
/// Seconds of the rate whose frames may come at once after a pause.
pub const FRAMES_BURST_SECONDS: u64 = 5;
/// Seconds after which a socket that goes on sending too fast is closed with 4108.
pub const FRAMES_OVER_SECONDS: u64 = 5;
/// Bad frames within [`BAD_FRAME_SECONDS`] that close a socket with 4002.
pub const BAD_FRAMES: usize = 20;
/// The window for [`BAD_FRAMES`], in seconds.
pub const BAD_FRAME_SECONDS: u64 = 10;
/// Longest reason of a close frame, in bytes (RFC 6455, section 5.5: 125 less the code).
pub const CLOSE_REASON_BYTES: usize = 123;
/// Sign-ins of one person; the oldest ends when there is one more.
pub const SIGN_INS: usize = 100;
/// Days for which a token is valid.
pub const TOKEN_DAYS: i64 = 30;
/// Random bytes of a token.
pub const TOKEN_BYTES: usize = 48;
/// Characters of a token: its bytes as unpadded base64url (RFC 4648, section 5).
pub const TOKEN_CHARS: usize = TOKEN_BYTES / 3 * 4;
/// Hours for which an invitation is valid when its maker names no end: a week.
pub const INVITATION_HOURS: i64 = 7 * 24;
/// Most hours for which an invitation is valid: a year.
pub const INVITATION_HOURS_MAX: i64 = 366 * 24;
/// Most people who may come by one invitation.
pub const INVITATION_USES_MAX: i64 = 1_000;
/// Most invitations of one person that are neither used up, ended nor revoked.
pub const INVITATIONS_PER_PERSON: i64 = 200;
/// Hours in which an address gets one invitation by mail at most, however many people start a chat with it.
pub const MAILED_INVITATION_HOURS: i64 = 24;
/// Hours for which the link in a mail to finish a registration is valid.
pub const REGISTRATION_HOURS: u32 = 24;
/// Most invitations into a group that are listed for its moderators, the newest ones.
pub const GROUP_INVITATIONS: usize = 200;
/// Most groups that an invitation adds people to.
pub const INVITATION_CHATS: usize = 20;
/// Minutes for which a link to set a new password, or to confirm an e-mail address, is valid.
pub const RESET_MINUTES: i64 = 30;
/// Recovery codes of a second factor.
pub const RECOVERY_CODES: usize = 10;
/// Seconds for which a code of a second factor stands (RFC 6238, section 5.2); the one before and the one after are
/// taken too.
pub const CODE_SECONDS: u64 = 30;
/// Wrong codes in a row after which an account has to wait before another is looked at.
pub const WRONG_CODES: i64 = 5;
/// Days between somebody's wish to delete their account and its deletion.
pub const DELETION_DAYS: i64 = 7;
/// Most people of a page of the list of accounts, and most entries of a page of the audit log or of invitations.
pub const ADMIN_PAGE: usize = 100;
/// Longest note on the device of a sign-in, in bytes.
pub const DEVICE_BYTES: usize = 200;
/// Largest body of a REST request, in bytes. A text of [`TEXT_BYTES`] fits however it is escaped.
pub const BODY_BYTES: usize = 128 * 1024;
/// Characters of a message that a reply to it shows, at most.
pub const SNIPPET_CHARS: usize = 160;
/// Spans of one text; one with more is shown without formatting.
pub const SPANS: usize = 500;
/// Spans that stand in one another at most, as quotes and lists do; a text with more is shown without formatting.
pub const SPAN_DEPTH: usize = 8;
/// Longest address of a link, in bytes; a longer one is no link.
pub const SPAN_URL_BYTES: usize = 2048;
/// Different emoji under one message.
pub const REACTION_KINDS: usize = 20;

/// Messages that are pinned in one chat.
pub const PINNED_MESSAGES: usize = 10;
/// Longest emoji, in bytes; Unicode's longest has 35.
pub const EMOJI_BYTES: usize = 64;
/// E-mail addresses of people whom one shares no chat with that one person may try in an hour, unless the server's
/// settings say otherwise, to start a chat or to add somebody to a group.
pub const ADDRESSES_PER_HOUR: u32 = 100;
/// The same from one client's network, with addresses of accounts that are there already in registrations.
pub const ADDRESSES_PER_HOUR_PER_NETWORK: u32 = 1_000;
/// Chats of two with people whom one shares no chat with that one person may start in a day, unless the server's
/// settings say otherwise.
pub const NEW_CHATS_PER_DAY: u32 = 100;
/// Invitations that one person may make in a day, unless the server's settings say otherwise.
pub const INVITATIONS_PER_DAY: u32 = 200;
/// Changes of one's own account in a minute: each ends sign-ins, or is written down for ever.
pub const ACCOUNT_CHANGES_PER_MINUTE: u32 = 30;
/// Messages that somebody may write in a chat that they asked for, until the other accepts it.
pub const REQUEST_MESSAGES: u64 = 3;
/// Rate limit of messages: so many a minute of one user, and as many in one burst, unless the server's settings say
/// otherwise. It is above the rate of people who type, and bounds a flood.
pub const MESSAGES_PER_MINUTE: u32 = 300;
/// Reports of one person a day, unless the server's settings say otherwise.
pub const REPORTS_PER_DAY: u32 = 20;
/// Messages before the reported one that a report copies.
pub const REPORT_CONTEXT: usize = 10;
/// People whom one person may block.
pub const BLOCKS: usize = 1_000;
/// Chats that one person may have pinned.
pub const PINNED_CHATS: usize = 10;
/// Longest query of a search, in bytes of UTF-8.
pub const SEARCH_QUERY_BYTES: usize = 1_000;
/// Most words of a query, where every letter of a script without spaces is one.
pub const SEARCH_QUERY_WORDS: usize = 50;
/// Fewest letters of the beginning of a word that is searched for.
pub const SEARCH_PREFIX_LETTERS: usize = 2;
/// Letters by which a word is found; longer words are known by so many.
pub const SEARCH_WORD_LETTERS: usize = 64;
/// Marks of one letter that are told apart.
pub const SEARCH_LETTER_MARKS: usize = 4;
/// Messages of a page of what a search found.
pub const SEARCH_HITS: usize = 50;
/// Characters that are shown of a message that was found.
pub const SEARCH_EXCERPT_CHARS: usize = 200;
/// Messages that one request looks at; with the next one the search goes on.
pub const SEARCH_CANDIDATES: u64 = 10_000;
/// Handshakes with `?probe=` that a server remembers; the oldest makes room.
pub const PROBES: usize = 1_024;
/// Seconds for which a server remembers a handshake with `?probe=`.
pub const PROBE_SECONDS: u64 = 60;
/// Longest name of a probe, in characters: a UUID has 36.
pub const PROBE_CHARS: usize = 64;

/// Unread messages are counted up to this: a chat with this count has as many or more.
pub const UNREAD: u64 = 1_000;

/// What a message takes beside its text and its `client_id`: names, ids, braces, and some white space between them.
const ENVELOPE_BYTES: usize = 4 * 1024;
/// The longest message there may be, with every byte escaped.
const LONGEST_MESSAGE: usize = JSON_ESCAPE_BYTES * (TEXT_BYTES + CLIENT_ID_BYTES) + ENVELOPE_BYTES;
const _: () = assert!(LONGEST_MESSAGE <= FRAME_BYTES && LONGEST_MESSAGE <= BODY_BYTES);

/// The limits that a client must keep, as in the `welcome` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// [`TEXT_BYTES`].
    pub text_bytes: usize,
    /// [`FRAME_BYTES`].
    pub frame_bytes: usize,
    /// [`RESUME_EVENTS`].
    pub resume_events: u64,
    /// [`SUBSCRIPTIONS`].
    pub subscriptions: usize,
    /// Seconds after it was sent for which a message may be edited; none where that may be done for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_seconds: Option<u64>,
}

read_fields! {
    Limits {
        "text_bytes" => text_bytes: required,
        "frame_bytes" => frame_bytes: required,
        "resume_events" => resume_events: required,
        "subscriptions" => subscriptions: required,
        "edit_seconds" => edit_seconds: optional,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: TEXT_BYTES,
            frame_bytes: FRAME_BYTES,
            resume_events: RESUME_EVENTS,
            subscriptions: SUBSCRIPTIONS,
            edit_seconds: None,
        }
    }
}
