//! A link that opens the tester with its fields filled; it never has a token.

use std::fmt::Write;

use causerie_protocol::paths;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is escaped in a value: all but what a server's address is written with, so that people can read the link.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/')
    .remove(b'[')
    .remove(b']');

/// The fields of one connection that a link may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Another server's address; empty for the page's own.
    pub base: String,
    /// The chat id as it was typed; empty for the socket of many chats.
    pub chat: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShareLink {
    pub first: Fields,
    /// The second connection, when it is shown.
    pub second: Option<Fields>,
    /// Whether the doctor starts at once.
    pub doctor: bool,
}

impl ShareLink {
    /// Parses the query of the page's address, with or without its question mark; unknown names are ignored.
    pub fn parse(query: &str) -> Self {
        let mut link = Self::default();
        for (name, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "base" => link.first.base = value,
                "chat" => link.first.chat = value,
                "base2" => link.second.get_or_insert_default().base = value,
                "chat2" => link.second.get_or_insert_default().chat = value,
                "second" => drop(link.second.get_or_insert_default()),
                "doctor" => link.doctor = value != "0",
                _ => {}
            }
        }
        link
    }

    /// The link below a server's address such as `https://chat.example.org`.
    pub fn build(&self, server: &str) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                let separator = if query.is_empty() { '?' } else { '&' };
                let _ = write!(query, "{separator}{name}={}", utf8_percent_encode(value, VALUE));
            }
        };
        add("base", without_secrets(&self.first.base));
        add("chat", self.first.chat.trim());
        if let Some(second) = &self.second {
            add("second", "1");
            add("base2", without_secrets(&second.base));
            add("chat2", second.chat.trim());
        }
        add("doctor", if self.doctor { "1" } else { "" });
        format!("{server}{}{query}", paths::TESTER)
    }
}

/// An address without the query, and without user and password, where people put tokens.
fn without_secrets(base: &str) -> &str {
    let base = base.trim();
    let base = base.split(['?', '#']).next().unwrap_or_default();
    if base.contains('@') { "" } else { base }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(base: &str, chat: &str) -> Fields {
        Fields { base: base.to_owned(), chat: chat.to_owned() }
    }

    #[test]
    fn a_link_that_was_built_can_be_parsed() {
        for link in [
            ShareLink::default(),
            ShareLink { first: fields("", "7"), second: None, doctor: true },
            ShareLink {
                first: fields("https://chat.example.org:8443", "7"),
                second: Some(fields("http://[::1]:8000", "8")),
                doctor: false,
            },
            ShareLink { first: fields("a b&c=d", ""), second: Some(Fields::default()), doctor: false },
        ] {
            let address = link.build("http://127.0.0.1:8000");
            let (page, query) = address.split_once('?').unwrap_or((&address, ""));
            assert_eq!(page, "http://127.0.0.1:8000/chat-ws-test/");
            assert_eq!(ShareLink::parse(query), link, "{address}");
        }
    }

    #[test]
    fn a_link_holds_no_token_wherever_it_was_typed() {
        for base in ["ws://h/ws/chats/1/?token=secret", "http://me:secret@h/", "http://h/#secret"] {
            let link = ShareLink { first: fields(base, "1"), ..ShareLink::default() };
            let address = link.build("http://h");
            assert!(!address.contains("secret"), "{address}");
        }
    }

    #[test]
    fn any_query_can_be_read() {
        assert_eq!(ShareLink::parse("?chat=%E1%BA%A1%&x&doctor=0").first.chat, "ạ%");
        assert_eq!(ShareLink::parse("token=secret"), ShareLink::default());
        assert!(ShareLink::parse("?doctor").doctor);
    }
}
