//! The written reference says what the types say.

use std::fmt::Write;
use std::{env, fs};

use causerie_protocol::examples::client_frames;
use causerie_protocol::{CloseCode, ErrorCode, Policy, handshake, limits, paths};

use crate::examples::server_frames;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROTOCOL.md");

#[test]
fn the_reference_is_current() {
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, markdown()).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert_eq!(written, markdown(), "docs/PROTOCOL.md is stale: UPDATE_DOCS=1 writes it");
}

/// A policy in a few words.
fn summary(policy: Policy) -> &'static str {
    match policy {
        Policy::StayClosed => "stays closed until a person acts",
        Policy::SignIn => "asks the person to sign in",
        Policy::ResumeJittered => "resumes after a short random delay",
        Policy::ResumeNow => "reconnects at once and resumes",
        Policy::BackOff => "backs off, then resumes",
        Policy::BackOffAndDiagnose => "backs off and finds out why",
    }
}

/// The whole page.
fn markdown() -> String {
    let mut page = String::from(
        "<!-- Made from the types by `UPDATE_DOCS=1 cargo test -p causerie-protocol`, which also holds it current. -->\n\
         # The protocol\n\n\
         One WebSocket for many chats at `/ws/`, or for one at `/ws/chats/{id}/` (from a position on with `?after=`).\n\
         Every frame is a JSON object in a text message.\n\
         A client ignores frames and fields that it does not know; so does the server with fields.\n\n",
    );
    let _ = write!(
        page,
        "## Handshake\n\nOffer the subprotocols `['{}', token]` or `['{}', '{}', token]`.\n\
         The server echoes the first and never the token.\n\
         A refusal that a person should understand is an accepted socket that closes at once with a code.\n\
         A token in the query string is refused.\n\n",
        handshake::BEARER,
        handshake::VERSIONED,
        handshake::BEARER
    );
    page.push_str("## Client to server\n\n");
    for (frame, meaning) in client_frames() {
        let _ = write!(page, "{meaning}\n```json\n{}\n```\n\n", frame.encode());
    }
    let _ = write!(
        page,
        "Every `client_id` is decided once, and every repeat gets the same answer: the ack of what is stored, or the refusal, \
         so that no copy that waited somewhere is stored after what you sent later.\n\
         After `{}`, `{}` or `{}` take a new one to try again.\n\
         When you were put out of a chat before an answer came, ask for it by sending the same again, on `/ws/` or by `POST`; \
         until then the message may still be stored.\n\n",
        ErrorCode::NoSuchChat,
        ErrorCode::ChatClosed,
        ErrorCode::NoSuchOriginal,
    );
    page.push_str(
        "`reply_to` in a message of the server is the original as it stands when the frame is made, and not a copy: \
         `edited` and `deleted` events of it change what replies show. Its `seq` is the address of the message on the page, \
         `/chats/{id}/{seq}`.\n\
         What is from before the reader's time in a chat that hides its past is `{\"seq\":…}` and nothing else.\n\n",
    );
    let _ = write!(
        page,
        "A text is sent as its sender wrote it. `spans` in a message or an `edited` event says how it is formatted, read as \
         CommonMark by the server; with `plain: true`, or with more than {} spans or {} in one another, there are none.\n\
         Each is `[start,end,kind]` or `[start,end,kind,value,…]`, with bytes of the text in UTF-8, an outer one before what \
         is in it: `hidden` (marks that are not shown), `strong`, `emphasis`, `strikethrough`, `code`, `code_block` (with \
         the language), `quote`, `list`, `numbers` (with the first number), `item`, and `link` (with an address of `http`, \
         `https` or `mailto` of at most {} bytes, and a host that must be shown after the words, since they may deceive \
         about it; other addresses that stand in a text as they are have no span, find them yourself). Ignore a kind that you do not know, and all spans of a text that they do not fit.\n\
         Make nodes of them and never HTML; a client without formatting ignores `spans`.\n\n",
        limits::SPANS,
        limits::SPAN_DEPTH,
        limits::SPAN_URL_BYTES,
    );
    page.push_str("## Server to client\n\n");
    for (frame, meaning) in server_frames() {
        let _ = write!(page, "{meaning}\n```json\n{}\n```\n\n", frame.encode());
    }
    page.push_str(
        "`chat_added` holds a chat in the shape of `GET /api/chats/{id}/`: there is a chat that you were not in before.\n\n",
    );
    let _ = write!(
        page,
        "A chat with `requested_by` is a request: somebody asked for it who shares no other chat with the other one, on an \
         installation where such people ask first.\n\
         Who asked may send {} messages, then `{}`; nothing else passes between the two until the other accepts it (`POST` to \
         its `accept/`), writes in it, or asks back.\n\
         A client that does not know the field shows it as any other chat.\n\n",
        limits::REQUEST_MESSAGES,
        ErrorCode::NotAccepted,
    );
    page.push_str(
        "The `settings` of a chat are the reader's own, and nobody else sees them; of two, those with the greater `version` are \
         newer. A chat that has none lacks the field. Times are in milliseconds since 1970.\n\
         With `notify` `mentions` or `nothing` the chat is muted, until `muted_until` where that is there; a value of `notify` \
         that you do not know counts as `all`.\n\
         Chats with `pinned_at` stand on top of the list, the smallest first.\n\
         A chat with `archived_at` is archived while its `sort_key` is not greater, so that a message brings it back, and \
         as long as it is muted.\n\
         A chat with `marked_unread` is shown as unread while `read_seq` is not greater.\n\n",
    );
    page.push_str("## Close codes\n\n| code | meaning | what the client does |\n|---|---|---|\n");
    for code in CloseCode::ALL {
        let _ = writeln!(page, "| {code} | {} | {} |", code.meaning(), summary(code.policy()));
    }
    page.push_str(
        "| 4000–4099 | any other code of this band | stays closed until a person acts |\n\
         | 4100–4199 | any other code of this band | backs off, then resumes |\n\
         | 4200–4299 | any other code of this band | reconnects at once and resumes |\n\n",
    );
    page.push_str("## Error codes\n\nIn `error` frames and in `application/problem+json` bodies.\n\n| code | meaning |\n|---|---|\n");
    for code in ErrorCode::ALL {
        let _ = writeln!(page, "| `{code}` | {} |", code.meaning());
    }
    page.push_str("\n## Limits\n\n| what | bound |\n|---|---|\n");
    for (what, bound) in limit_rows() {
        let _ = writeln!(page, "| {what} | {bound} |");
    }
    page.push_str("\n## HTTP API\n\n| address | methods |\n|---|---|\n");
    for (address, methods) in [
        (paths::REGISTER, "`POST {email, password, name}` → 201 `{token, expires_at, user}`"),
        (
            paths::LOGIN,
            "`POST {email, password, code?}` → 200 `{token, expires_at, user}`; 401 `code_needed` when the password is right and the account has a second factor: send the same again with `code`, six digits of the authenticator app or a recovery code; each is taken once",
        ),
        (paths::LOGOUT, "`POST` → 204; closes this token's sockets with 4001"),
        (paths::ME, "`GET` → the person"),
        (
            paths::TOKENS,
            "`GET` → sign-ins, each with its device, and when and from where it was last used; `DELETE` ends all others, `DELETE /api/auth/tokens/{id}/` one",
        ),
        (
            paths::ACCOUNT,
            "`GET` → one's own account; `PATCH {name?, email?, password?, current_password?, language?}`, where another address or password needs the current one; where mail is set up, another address counts once its link is opened, and the answer still has the old one, whether or not the new one has an account",
        ),
        (
            paths::CONFIRM_EMAIL,
            "`POST {token, language?}` → 204: gives the account of the link the address that the link was sent to, and tells the old address",
        ),
        (
            paths::SECOND_FACTOR,
            "`POST {current_password}` → 201 `{secret, uri}` (TOTP, RFC 6238: SHA-1, six digits, 30 s): the account has it once `POST {code}` to its `confirm/` gets a code of it, → 200 `{codes}`, which are its recovery codes and are shown once; `POST {current_password}` to `codes/` makes others, and to `off/` takes it away, → 204",
        ),
        (
            paths::CHATS,
            "`GET ?limit=&before=` → array, by `sort_key` and `id`, the greatest first, each with some of its people, `Link: …; rel=\"next\"` to the page after; `?pinned=true` → the chats that the person has pinned, wherever they stand; `POST {participants, title?, client_id?, language?}` → 201, or 200 for a pair that has one and for a repeat; where mail is set up, for one address of a person one shares no chat with or of nobody → 202 `{asked}`, and `chat_added` once the chat is accepted",
        ),
        (
            "/api/chats/{id}/",
            "`GET` → the chat with all its people; `PATCH {status?, title?, hides_past?}` by a moderator of the group, `hides_past` by its owner; `{\"status\": \"closed\"}` of a direct chat ends it for both; `DELETE` erases a group, by its owner, and of a direct chat the own copy, which ends it",
        ),
        (
            "/api/chats/{id}/messages/",
            "`GET ?limit=&before=` → array, oldest first, `Link: …; rel=\"next\"` to the page before; `?after=` the messages after a `seq`, `?around=` as many up to it as after it, with `rel=\"prev\"` to the page of newer ones; `POST {content, client_id?, reply_to?, plain?}` → 201",
        ),
        ("/api/chats/{id}/participants/", "`POST {user}` adds somebody to a group, by its moderator"),
        (
            "/api/chats/{id}/invitations/",
            "`POST {role?, hours?, uses?}` → 201 `{token, ends_at}`: an invitation into a group by its moderator, where the installation lets them; the secret is shown once",
        ),
        (
            "/api/chats/{id}/participants/{user}/",
            "`PATCH {role}` by the group's owner; `DELETE` removes somebody with a smaller role, by a moderator",
        ),
        (
            "/api/chats/{id}/settings/",
            "`PATCH {notify?, muted_until?, pinned?, archived?, marked_unread?}` → the `settings` of the caller; `notify` is `all`, `mentions` or `nothing`, and sets `muted_until` too, which is for ever where it is missing; of two changes of one field the last counts",
        ),
        ("/api/chats/{id}/leave/", "`POST` leaves a group"),
        (
            "/api/chats/{id}/accept/",
            "`POST` accepts a chat that somebody asked for → the chat; the same again, and of an ordinary chat, changes nothing",
        ),
        (
            "/api/messages/{id}/",
            "`GET`; `PATCH {content, plain?}` by the sender, within `edit_seconds` of the `limits` of a `welcome` where those name it, then 409 `too_late_to_edit`; `DELETE` by the sender or a moderator of the group",
        ),
        (
            "/api/messages/{id}/former/",
            "`GET ?limit=&before=` → `[{seq, content, written_at, replaced_at}]`, what the message said before its edits, the newest first, `seq` that of the edit, `Link: …; rel=\"next\"` to the page before; by the sender or a moderator of the group, to everybody else there is no such message; a deletion erases them",
        ),
        (
            paths::BLOCKS,
            "`GET` → whom the person has blocked, with `at`; `POST {user_id}` or `{message_id}` blocks somebody one shares a chat with, or a message's sender, → 204; `DELETE /api/blocks/{user}/` unblocks",
        ),
        (
            paths::REPORTS,
            "`POST {message_id, reason, words?}` → 204: copies the message and what was said before it for the moderators; a repeat is the same report; `reason` is `spam`, `harassment`, `threat`, `sexual`, `fraud` or `other`",
        ),
        (
            paths::ADMIN_REPORTS,
            "`GET ?all=&before=` → what was reported and is open, or all of it; `GET /api/admin/reports/{id}/` with the copies; `POST {action, note?}` to its `close/` does it and closes the report, where the first one counts and a later one gets 409; `action` is `dismissed`, `warned`, `deleted` (the message), `suspended` (the person) or `other`",
        ),
        (
            "/api/admin/people/{id}/reopen/",
            "`POST {with}` → `{open}`: a moderator opens the chat of two that one of them ended; while one has blocked the other it stays closed",
        ),
        (
            paths::JOIN_GROUPS,
            "`POST {token}` → `{chats}`: adds the person to the groups of an invitation, and counts a use of it unless they are in all of them",
        ),
        (
            paths::SETTINGS,
            "`GET` → how the installation is set, for moderators; `PATCH {registration}` by an owner, `null` for what the option says",
        ),
        (
            paths::SEARCH,
            "`POST {query, before?, utc_offset?}` → `{hits, next?, indexing?}`: messages that the person may read, the newest first, each `{id, chat_id, seq, sender, sent_at, excerpt}`, where the pieces of `excerpt` that were searched for are `found`; send `next` as `before` for those after them, also when there are no hits, since one request looks at a bounded number of messages; with `indexing` some are not searched yet. A message is found by all words of the query, whatever their case and marks are, but marks that are typed must be there; `\"a phrase\"`, `begin*`, `from:name`, `in:chat`, `before:2026-11-30`, `after:2026-11-30` (days of a clock that is `utc_offset` minutes ahead of UTC) and `has:link` narrow it",
        ),
        (
            paths::PRIVACY,
            "`GET`, `PATCH {shows_online?, shows_read?}` → what others see of the person, and the person of others",
        ),
        (paths::HEALTH, "`GET` → 200 as soon as the server serves"),
        (
            paths::DOCTOR,
            "`GET ?origin=` → `{name, version, protocol, node, clustered, time_ms, heartbeat_ms, host, database, bus, draining, unheard?, origin?}`, readable by every page; always 200 while the server serves",
        ),
        (
            "/api/doctor/probes/{probe}/",
            "`GET` → `{node, trace}`: what arrived at this node of a handshake on `/ws/…?probe={probe}` within the last minute, or `null`",
        ),
        (
            paths::READY,
            "`GET` → `{ready, database, bus, draining, unheard?, detail?}`; 200 when it should get requests, else 503",
        ),
    ] {
        let _ = writeln!(page, "| `{address}` | {methods} |");
    }
    page.push_str("\nThe token travels as `Authorization: Bearer …` or `Authorization: Token …`.\n");
    page.push_str(
        "\nA message moves its chat to the top of the list of chats.\n\
         A chat that moves between the requests for two pages may be on neither: after several pages load the first \
         one again, and go on until a page reaches the chat that was at the top before.\n",
    );
    page
}

fn limit_rows() -> Vec<(&'static str, String)> {
    vec![
        ("text of a message", format!("{} bytes of UTF-8, however JSON escapes them", limits::TEXT_BYTES)),
        ("frame from a client", format!("{} bytes, then 1009", limits::FRAME_BYTES)),
        ("`client_id`", format!("{} visible ASCII characters", limits::CLIENT_ID_BYTES)),
        ("`client_id` of a refused message", format!("stays refused for {} days", limits::REFUSED_DAYS)),
        ("title of a chat", format!("one line of {} bytes", limits::TITLE_BYTES)),
        ("name of a person", format!("one line of {} bytes", limits::NAME_BYTES)),
        ("e-mail address", format!("{} bytes", limits::EMAIL_BYTES)),
        (
            "password",
            format!("{} characters to {} bytes", limits::PASSWORD_MIN_CHARS, limits::PASSWORD_MAX_BYTES),
        ),
        ("people in a chat", limits::PARTICIPANTS.to_string()),
        (
            "messages of somebody who asked for a chat, until it is accepted",
            limits::REQUEST_MESSAGES.to_string(),
        ),
        (
            "addresses of strangers that are tried",
            format!(
                "{} an hour of one person, {} of one network (settings of the server), then `rate_limited`",
                limits::ADDRESSES_PER_HOUR,
                limits::ADDRESSES_PER_HOUR_PER_NETWORK
            ),
        ),
        (
            "chats of two with strangers that one person starts",
            format!("{} a day (setting of the server), then `rate_limited`", limits::NEW_CHATS_PER_DAY),
        ),
        (
            "invitations that one person makes",
            format!("{} a day (setting of the server), then `rate_limited`", limits::INVITATIONS_PER_DAY),
        ),
        (
            "messages of one person a minute",
            format!(
                "{}, as many of them at once (setting of the server); then `rate_limited` with `retry_after_ms`, after which the same message may come again; a repeat of a `client_id` does not count",
                limits::MESSAGES_PER_MINUTE
            ),
        ),
        (
            "reports of one person",
            format!("{} a day (setting of the server), then `rate_limited`", limits::REPORTS_PER_DAY),
        ),
        ("messages before the reported one that a report copies", limits::REPORT_CONTEXT.to_string()),
        ("people that one person blocks", limits::BLOCKS.to_string()),
        ("chats that one person has pinned", limits::PINNED_CHATS.to_string()),
        ("characters of a message that a reply to it shows", limits::SNIPPET_CHARS.to_string()),
        (
            "query of a search",
            format!(
                "{} bytes and {} words, where every letter of Chinese, Japanese, Korean or Thai is one; {} letters before `*`",
                limits::SEARCH_QUERY_BYTES,
                limits::SEARCH_QUERY_WORDS,
                limits::SEARCH_PREFIX_LETTERS
            ),
        ),
        (
            "page of what a search found",
            format!("{} messages; one request looks at {}", limits::SEARCH_HITS, limits::SEARCH_CANDIDATES),
        ),
        ("word that is searched for", format!("known by its first {} letters", limits::SEARCH_WORD_LETTERS)),
        ("`unread` of a chat", format!("counted to {}, which means that many or more", limits::UNREAD)),
        (
            "code of a second factor",
            format!(
                "stands for {} s, taken one step early or late, and once; after {} wrong ones in a row the account waits 30 s before another is looked at, then twice as long after each, at most 6 h; recovery codes ({}) do not wait",
                limits::CODE_SECONDS,
                limits::WRONG_CODES,
                limits::RECOVERY_CODES
            ),
        ),
        ("page of former texts", limits::FORMER_TEXTS_PAGE.to_string()),
        ("page of history", format!("{}, at most {}", limits::PAGE_DEFAULT, limits::PAGE_MAX)),
        ("missed events that a subscribe replays", format!("{}, then `reset`", limits::RESUME_EVENTS)),
        ("page of the list of chats", format!("{}, at most {}", limits::CHATS_PAGE, limits::CHATS_PAGE)),
        ("people of a chat in the list of chats", limits::LISTED_PARTICIPANTS.to_string()),
        ("chats that one socket follows", limits::SUBSCRIPTIONS.to_string()),
        ("chats that a ping names beside those", limits::MOVED_CHATS.to_string()),
        ("ping", format!("every {} s", limits::HEARTBEAT_SECONDS)),
        ("answer to a ping", format!("within {} s, then 4202", limits::HEARTBEAT_GRACE_SECONDS)),
        (
            "what waits for a slow socket, answers included",
            format!(
                "{} frames or {} bytes, then 4201; nothing is read of a socket that takes nothing",
                limits::OUTBOX_FRAMES,
                limits::OUTBOX_BYTES
            ),
        ),
        (
            "frames a second",
            format!(
                "{} of a socket and {} of a person (settings of the server), {} seconds' worth at once; beyond that a socket is read more slowly, and closed with 4108 after {} s; a message that is sent again with its `client_id` counts once",
                limits::FRAMES_PER_SECOND,
                limits::FRAMES_PER_SECOND_PER_USER,
                limits::FRAMES_BURST_SECONDS,
                limits::FRAMES_OVER_SECONDS
            ),
        ),
        ("bad frames", format!("{} in {} s, then 4002", limits::BAD_FRAMES, limits::BAD_FRAME_SECONDS)),
        ("reason of a close", format!("{} bytes", limits::CLOSE_REASON_BYTES)),
        ("token", format!("{} characters, valid for {} days", limits::TOKEN_CHARS, limits::TOKEN_DAYS)),
        (
            "handshakes with `?probe=` that are remembered",
            format!("{} for {} s", limits::PROBES, limits::PROBE_SECONDS),
        ),
        ("body of a request", format!("{} bytes", limits::BODY_BYTES)),
    ]
}
