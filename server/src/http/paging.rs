//! Pages of a list: `?limit=&before=`, and the `Link` to the next page (RFC 8288).

use std::fmt::Display;
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, header};
use url::form_urlencoded;

use crate::refusal::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page<P> {
    /// At least 1.
    pub(super) limit: usize,
    /// Only entries before this position.
    pub(super) before: Option<P>,
}

impl<P: FromStr> Page<P> {
    /// Reads a query; `position` says in the error what `before` must be.
    pub(super) fn parse(query: &str, default: usize, max: usize, position: &str) -> Result<Self, Refusal> {
        let mut page = Self { limit: default, before: None };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=max).contains(limit));
                    page.limit = limit.ok_or_else(|| {
                        Refusal::invalid("limit", format!("\"limit\" must be a number from 1 to {max}."))
                    })?;
                }
                "before" => {
                    let before = value.parse();
                    page.before = Some(before.map_err(|_| {
                        Refusal::invalid("before", format!("\"before\" must be {position}."))
                    })?);
                }
                _ => {}
            }
        }
        Ok(page)
    }

    /// One more than the limit, which shows whether the list goes on.
    pub(super) fn fetch_limit(&self) -> u64 {
        self.limit as u64 + 1
    }
}

/// The `Link` to the next page, which ends before a position.
pub(super) fn link_to_next(path: &str, limit: usize, before: impl Display) -> HeaderMap {
    let link = format!("<{path}?limit={limit}&before={before}>; rel=\"next\"");
    let link = HeaderValue::try_from(link).expect("a path and numbers are visible ASCII");
    HeaderMap::from_iter([(header::LINK, link)])
}

/// The `Link` to the pages on both sides, where there are any: `next` ends before a position, as everywhere, and `prev`
/// begins after one.
pub(super) fn links(
    path: &str,
    limit: usize,
    before: Option<impl Display>,
    after: Option<impl Display>,
) -> HeaderMap {
    let next = before.map(|before| format!("<{path}?limit={limit}&before={before}>; rel=\"next\""));
    let prev = after.map(|after| format!("<{path}?limit={limit}&after={after}>; rel=\"prev\""));
    let links: Vec<String> = next.into_iter().chain(prev).collect();
    if links.is_empty() {
        return HeaderMap::new();
    }
    let links = HeaderValue::try_from(links.join(", ")).expect("a path and numbers are visible ASCII");
    HeaderMap::from_iter([(header::LINK, links)])
}

#[cfg(test)]
mod tests {
    use causerie_protocol::rest::ChatCursor;
    use causerie_protocol::{ChatId, MessageId};

    use super::*;

    #[test]
    fn a_page_has_bounds_and_a_default() {
        let parse = |query| Page::<MessageId>::parse(query, 100, 500, "the id of a message");
        assert_eq!(parse("").unwrap(), Page { limit: 100, before: None });
        assert_eq!(
            parse("limit=500&before=7&other=x").unwrap(),
            Page { limit: 500, before: Some(MessageId(7)) }
        );
        for bad in ["limit=0", "limit=501", "limit=-1", "limit=", "limit=x", "before=x", "before="] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_position_in_the_list_of_chats_is_read_as_it_is_written() {
        let parse = |query: &str| Page::<ChatCursor>::parse(query, 1, 1, "a position");
        let place = ChatCursor { sort_key: MessageId(57), id: ChatId(3) };
        assert_eq!(parse(&format!("before={place}")).unwrap().before, Some(place));
        for bad in ["", "57", "57-", "-3", "x-3", "57-3-1", "57 3"] {
            assert!(parse(&format!("before={bad}")).is_err(), "{bad}");
        }
    }
}
