//! The address that a person gave: scheme, host, port and folder of the site, and the chat if the path names one.

use std::net::IpAddr;

use causerie_protocol::ChatId;
use causerie_texts::Finding;
use http::Uri;

/// The address of a server. It has nothing of the query, where older clients put their token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    secure: bool,
    host: String,
    port: u16,
    /// The folder of all of the server's addresses, without a closing slash.
    folder: String,
    chat: Option<ChatId>,
}

impl Target {
    /// Parses an address with the scheme http, https, ws or wss, or without one, with or without a path.
    /// Without a scheme it is http for an IP address or `localhost`, and https for a name.
    ///
    /// # Errors
    /// [`Finding::AddressWrong`], or [`Finding::TokenInAddress`] when the query holds a token.
    pub fn parse(text: &str) -> Result<Self, Finding> {
        let text = text.trim();
        let wrong = Finding::AddressWrong;
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        // The parser needs any scheme to take the rest as an absolute address.
        let uri: Uri = format!("http://{rest}").parse().map_err(|_| wrong)?;
        let authority = uri.authority().ok_or(wrong)?;
        let host = authority.host();
        if host.is_empty() || authority.as_str().contains('@') {
            return Err(wrong);
        }
        let secure = match scheme.as_deref() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            Some(_) => return Err(wrong),
            None => !is_local(host),
        };
        // The parser also accepts "host:" and a port that is too large.
        let written = authority.as_str().strip_prefix(host).ok_or(wrong)?;
        let port = match written.strip_prefix(':') {
            Some(number) => number.parse().ok().filter(|port| *port != 0).ok_or(wrong)?,
            None if secure => 443,
            None => 80,
        };
        let query = uri.query().unwrap_or_default();
        if query.split('&').any(|pair| pair == "token" || pair.starts_with("token=")) {
            return Err(Finding::TokenInAddress);
        }
        let (folder, chat) = place(uri.path());
        Ok(Self { secure, host: host.to_ascii_lowercase(), port, folder: folder.to_owned(), chat })
    }

    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// A name or an IP address; IPv6 in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The chat in the path, as in `/ws/chats/1/`.
    pub fn chat(&self) -> Option<ChatId> {
        self.chat
    }

    /// Whether it is a loopback address, which browsers trust without TLS.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let number = bare.parse::<IpAddr>().is_ok_and(|number| number.is_loopback());
        number || self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// The value of the header `Host`: without the port if that is the default.
    pub fn authority(&self) -> String {
        match (self.secure, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// The server's origin, such as `https://chat.example.org`.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }

    /// The base of all of the server's addresses, such as `https://example.org/chat`; at the top of a site its origin.
    pub fn base(&self) -> String {
        format!("{}{}", self.origin(), self.folder)
    }

    pub fn http(&self, path: &str) -> String {
        format!("{}{path}", self.base())
    }

    pub fn ws(&self, path: &str) -> String {
        format!("{}://{}{}{path}", if self.secure { "wss" } else { "ws" }, self.authority(), self.folder)
    }
}

/// The folder and the chat in a path: people paste the address of the page, of a socket, or any other.
fn place(path: &str) -> (&str, Option<ChatId>) {
    let path = path.trim_end_matches('/');
    if let Some((before, number)) = path.rsplit_once("/chats/")
        && let Ok(chat) = number.parse()
    {
        return match before.strip_suffix("/ws") {
            Some(folder) => (folder, Some(chat)),
            // The address of the page or of the API.
            None => (before.strip_suffix("/api").unwrap_or(before), None),
        };
    }
    for own in ["/chat-ws-test", "/ws", "/healthz", "/readyz", "/metrics", "/api"] {
        if let Some(folder) = path.strip_suffix(own) {
            return (folder, None);
        }
    }
    let folder = path.rfind("/api/").map_or(path, |at| &path[..at]);
    // A file such as `index.html` is in the folder.
    match folder.rsplit_once('/') {
        Some((before, file)) if file.contains('.') => (before, None),
        _ => (folder, None),
    }
}

fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok() || bare.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_however_people_write_them() {
        for (text, origin, chat) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000", None),
            (" https://Chat.example.org/ ", "https://chat.example.org", None),
            ("ws://127.0.0.1:8000/ws/chats/7/", "http://127.0.0.1:8000", Some(7)),
            ("wss://chat.example.org/ws/chats/7?after=3", "https://chat.example.org", Some(7)),
            ("chat.example.org", "https://chat.example.org", None),
            ("chat.example.org:8443/ws/", "https://chat.example.org:8443", None),
            ("localhost:8000", "http://localhost:8000", None),
            ("127.0.0.1", "http://127.0.0.1", None),
            ("http://[::1]:8000/chat-ws-test/", "http://[::1]:8000", None),
            ("https://chat.example.org:443", "https://chat.example.org", None),
        ] {
            let target = Target::parse(text).unwrap_or_else(|finding| panic!("{text}: {finding}"));
            assert_eq!((target.origin().as_str(), target.chat()), (origin, chat.map(ChatId)), "{text}");
        }
        for (text, base, chat) in [
            ("https://example.org/chat/", "https://example.org/chat", None),
            ("https://example.org/chat", "https://example.org/chat", None),
            ("wss://example.org/chat/ws/chats/7/", "https://example.org/chat", Some(7)),
            ("https://example.org/a/chat/ws", "https://example.org/a/chat", None),
            ("https://example.org/chat/chat-ws-test/?doctor", "https://example.org/chat", None),
            ("https://example.org/chat/chats/7", "https://example.org/chat", None),
            ("https://example.org/chat/api/chats/7/messages/", "https://example.org/chat", None),
            ("https://example.org/chat/index.html", "https://example.org/chat", None),
            ("https://example.org/chats/7", "https://example.org", None),
            ("https://example.org/healthz", "https://example.org", None),
        ] {
            let target = Target::parse(text).unwrap_or_else(|finding| panic!("{text}: {finding}"));
            assert_eq!((target.base().as_str(), target.chat()), (base, chat.map(ChatId)), "{text}");
        }
        let target = Target::parse("wss://example.org/chat/").unwrap();
        assert_eq!(target.ws("/ws/"), "wss://example.org/chat/ws/");
        assert_eq!(target.http("/readyz"), "https://example.org/chat/readyz");
        let target = Target::parse("wss://chat.example.org").unwrap();
        assert_eq!(target.ws("/ws/"), "wss://chat.example.org/ws/");
        assert_eq!(target.http("/readyz"), "https://chat.example.org/readyz");
    }

    #[test]
    fn an_invalid_address_is_told_apart_from_one_with_a_token() {
        for text in [
            "",
            "http://",
            "ftp://chat.example.org",
            "http://a b/",
            "http://host:port/",
            "http://host:",
            "http://host:0",
            "http://host:99999",
            "http://me:secret@host/",
            "//host",
        ] {
            assert_eq!(Target::parse(text), Err(Finding::AddressWrong), "{text:?}");
        }
        for text in ["ws://127.0.0.1:8000/ws/chats/1/?token=XXX", "http://h/?a=1&token=x", "h/?token"] {
            assert_eq!(Target::parse(text), Err(Finding::TokenInAddress), "{text}");
        }
    }

    #[test]
    fn loopback_addresses_are_recognised_in_every_form() {
        for (text, loopback) in [
            ("http://localhost:1", true),
            ("http://app.localhost:1", true),
            ("http://127.0.0.2", true),
            ("http://[::1]", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example.org", false),
        ] {
            assert_eq!(Target::parse(text).unwrap().is_loopback(), loopback, "{text}");
        }
    }
}
