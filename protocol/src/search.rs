//! Search: what a person looks for in the messages that they may read, and what was found.

use serde::{Deserialize, Serialize};

use crate::event::User;
use crate::ids::{ChatId, MessageId, Seq, Timestamp};
use crate::read::read_fields;

/// `POST /api/search/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchRequest {
    /// Words, `"phrases"`, `begin*` and `from:`, `in:`, `before:`, `after:`, `has:` with their values; at most
    /// [`SEARCH_QUERY_BYTES`](crate::limits::SEARCH_QUERY_BYTES).
    pub query: String,
    /// Only what is older than this message: [`Found::next`] of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<MessageId>,
    /// Minutes that the caller's clock is ahead of UTC, for the days of `before:` and `after:`.
    #[serde(default)]
    pub utc_offset: i32,
}

/// What a search found, the newest first, at most [`SEARCH_HITS`](crate::limits::SEARCH_HITS).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The messages.
    pub hits: Vec<Hit>,
    /// Where the search goes on, if there may be more. That may be so also when nothing was found: one request looks at
    /// [`SEARCH_CANDIDATES`](crate::limits::SEARCH_CANDIDATES) messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<MessageId>,
    /// Whether some messages are not indexed yet, and so can't be found by their words.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub indexing: bool,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The message.
    pub id: MessageId,
    /// Its chat.
    pub chat_id: ChatId,
    /// Its seq.
    pub seq: Seq,
    /// Who sent it.
    pub sender: User,
    /// When the server accepted it.
    pub sent_at: Timestamp,
    /// A part of its text, which is all of it when they are joined.
    pub excerpt: Vec<Piece>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it is what was searched for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
}

read_fields! {
    Found {
        "hits" => hits: required,
        "next" => next: optional,
        "indexing" => indexing: optional,
    }
}

read_fields! {
    Hit {
        "id" => id: required,
        "chat_id" => chat_id: required,
        "seq" => seq: required,
        "sender" => sender: required,
        "sent_at" => sent_at: required,
        "excerpt" => excerpt: required,
    }
}

read_fields! {
    Piece {
        "text" => text: required,
        "found" => found: optional,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_may_leave_out_where_it_goes_on() {
        let request: SearchRequest = serde_json::from_value(json!({"query": "ha noi"})).unwrap();
        assert_eq!(request, SearchRequest { query: "ha noi".to_owned(), before: None, utc_offset: 0 });
    }

    #[test]
    fn what_was_found_is_read_as_it_is_written() {
        let found = json!({
            "hits": [{
                "id": 7, "chat_id": 1, "seq": 3, "sender": {"id": 2, "name": "Lan"}, "sent_at": "2026-11-30T08:00:00.000000Z",
                "excerpt": [{"text": "in "}, {"text": "Hà Nội", "found": true}]
            }],
            "next": 7
        });
        let read: Found = serde_json::from_value(found.clone()).unwrap();
        assert_eq!(
            (read.hits[0].excerpt[1].found, read.next, read.indexing),
            (true, Some(MessageId(7)), false)
        );
        assert_eq!(serde_json::to_value(&read).unwrap(), found);
        let nothing: Found =
            serde_json::from_value(json!({"hits": [], "indexing": true, "later": 1})).unwrap();
        assert_eq!(nothing, Found { indexing: true, ..Found::default() });
    }
}
