//! The handshake as a browser sends it, and commands for a terminal that do the same; never with a token.

use causerie_protocol::handshake::{BEARER, VERSIONED};
use causerie_protocol::{ChatId, paths};

use crate::frame::Frame;

/// What a command has in place of the token.
const VARIABLE: &str = "$TOKEN";

/// Which subprotocols are offered before the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `['causerie.v1', 'Bearer', token]`.
    #[default]
    Versioned,
    /// `['Bearer', token]`, as older clients offer.
    Bearer,
}

impl Form {
    pub const ALL: &'static [Self] = &[Self::Versioned, Self::Bearer];

    /// Its name in the form and in links.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Versioned => "versioned",
            Self::Bearer => "bearer",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|form| form.as_str() == name)
    }

    /// The offered values; without a token there is none after `Bearer`, and the server refuses that.
    pub fn offer(self, token: &str) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Versioned => &[VERSIONED, BEARER],
            Self::Bearer => &[BEARER],
        };
        let token = Some(token).filter(|token| !token.is_empty());
        names.iter().copied().chain(token).map(str::to_owned).collect()
    }
}

/// A token of which only the last characters are shown.
pub fn mask(token: &str) -> String {
    let last = token.char_indices().rev().nth(3).map_or("", |(at, _)| &token[at..]);
    match token.chars().count() {
        0 => String::new(),
        // The end of a short one would be much of it, and it is not a token of this server anyway.
        1..=16 => "••••••••".to_owned(),
        _ => format!("••••••••{last}"),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The socket's address, such as `ws://127.0.0.1:8000/ws/chats/1/`.
    pub url: String,
    pub origin: String,
    /// The offered subprotocols, the token masked.
    offered: Vec<String>,
    has_token: bool,
    form: Form,
}

impl Handshake {
    pub fn new(url: String, origin: String, form: Form, token: &str) -> Self {
        Self { url, origin, offered: form.offer(&mask(token)), has_token: !token.is_empty(), form }
    }

    /// The offered subprotocols, the token masked.
    pub fn offered(&self) -> String {
        self.offered.join(", ")
    }

    /// The request as the browser sends it (RFC 6455, section 4.1), without the key and the extensions, which it does
    /// not reveal.
    pub fn request(&self) -> String {
        let (host, path) = self.host_and_path();
        format!(
            "GET {path} HTTP/1.1\nHost: {host}\nConnection: Upgrade\nUpgrade: websocket\nOrigin: {}\n\
             Sec-WebSocket-Version: 13\nSec-WebSocket-Protocol: {}\nSec-WebSocket-Key: …",
            self.origin,
            self.offered(),
        )
    }

    fn host_and_path(&self) -> (&str, &str) {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.find('/').map_or((rest, "/"), |at| rest.split_at(at))
    }

    fn http(&self, path: &str) -> String {
        let scheme = if self.url.starts_with("wss:") { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.host_and_path().0)
    }

    fn offered_in_shell(&self) -> String {
        let offer = self.form.offer(if self.has_token { VARIABLE } else { "" });
        // In double quotes the shell expands the variable.
        format!("\"{}\"", offer.join(", "))
    }

    /// A line that reads the token without showing it, before a command that needs it.
    fn ask(&self) -> &'static str {
        if self.has_token { "read -rs TOKEN\n" } else { "" }
    }

    /// The handshake as a cURL command: it shows the server's response, which a browser hides.
    pub fn curl(&self) -> String {
        let (_, path) = self.host_and_path();
        format!(
            "{}curl --include --no-buffer --http1.1 --max-time 5 \\\n  -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\\n  \
             -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \\\n  -H {} \\\n  \
             -H \"Sec-WebSocket-Protocol: {} \\\n  {}",
            self.ask(),
            quote(&format!("Origin: {}", self.origin)),
            self.offered_in_shell().trim_start_matches('"'),
            quote(&self.http(path)),
        )
    }

    /// The connection as a websocat command.
    pub fn websocat(&self) -> String {
        format!(
            "{}websocat --protocol {} --origin {} {}",
            self.ask(),
            self.offered_in_shell(),
            quote(&self.origin),
            quote(&self.url)
        )
    }

    /// A websocat command that sends this frame and shows what comes.
    pub fn websocat_frame(&self, frame: &Frame) -> String {
        let command = self.websocat();
        let (ask, command) =
            command.rsplit_once('\n').map_or(("", command.as_str()), |(ask, rest)| (ask, rest));
        let ask = if ask.is_empty() { String::new() } else { format!("{ask}\n") };
        let line: String = frame.text.split(['\n', '\r']).collect::<Vec<_>>().join(" ");
        format!(
            "{ask}printf '%s\\n' {} | {}",
            quote(&line),
            command.replacen("websocat", "websocat --no-close", 1)
        )
    }

    /// A cURL command that posts a message over HTTP; other frames exist on sockets only.
    pub fn curl_frame(&self, frame: &Frame) -> Option<String> {
        let fields: serde_json::Value = serde_json::from_str(&frame.text).ok()?;
        if fields["type"] != "message" {
            return None;
        }
        let text = fields["text"].as_str()?;
        let (folder, socket) = self.host_and_path().1.split_once("/ws/")?;
        let of_path = socket.strip_prefix("chats/").and_then(|rest| rest.split('/').next());
        let chat = fields["chat_id"].as_i64().or_else(|| of_path?.parse().ok())?;
        let body = serde_json::json!({ "content": text }).to_string();
        Some(format!(
            "{}curl -X POST {} \\\n  -H \"Authorization: Bearer {VARIABLE}\" -H 'Content-Type: application/json' \\\n  -d {}",
            self.ask(),
            quote(&self.http(&format!("{folder}{}", paths::messages(ChatId(chat))))),
            quote(&body),
        ))
    }
}

/// A text as one word of a POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Direction;

    const TOKEN: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    fn handshake(form: Form) -> Handshake {
        let url = "ws://127.0.0.1:8000/ws/chats/7/".to_owned();
        Handshake::new(url, "http://127.0.0.1:8080".to_owned(), form, TOKEN)
    }

    fn sent(text: &str) -> Frame {
        let text = text.to_owned();
        Frame { number: 0, at: 0.0, direction: Direction::Sent, kind: String::new(), size: text.len(), text }
    }

    #[test]
    fn no_output_holds_the_token() {
        let frame = sent(r#"{"type":"message","text":"Hello"}"#);
        for form in Form::ALL {
            let handshake = handshake(*form);
            let outputs = [
                handshake.request(),
                handshake.curl(),
                handshake.websocat(),
                handshake.websocat_frame(&frame),
                handshake.curl_frame(&frame).unwrap(),
                format!("{handshake:?}"),
            ];
            for output in outputs {
                assert!(
                    !output.contains(&TOKEN[..TOKEN.len() - 4]) && !output.contains(&TOKEN[..8]),
                    "{output}"
                );
            }
        }
        assert_eq!(mask(TOKEN), "••••••••89-_");
        assert_eq!(mask("short"), "••••••••");
        assert_eq!(mask(""), "");
    }

    #[test]
    fn the_request_is_the_one_that_a_browser_sends() {
        let request = handshake(Form::Versioned).request();
        for line in [
            "GET /ws/chats/7/ HTTP/1.1",
            "Host: 127.0.0.1:8000",
            "Origin: http://127.0.0.1:8080",
            "Sec-WebSocket-Protocol: causerie.v1, Bearer, ••••••••89-_",
        ] {
            assert!(request.lines().any(|other| other == line), "{line} in\n{request}");
        }
        assert_eq!(handshake(Form::Bearer).offered(), "Bearer, ••••••••89-_");
        let without = Handshake::new("ws://h/ws/".to_owned(), "http://h".to_owned(), Form::Versioned, "");
        assert_eq!(without.offered(), "causerie.v1, Bearer");
        assert!(!without.websocat().contains("TOKEN"));
    }

    #[test]
    fn commands_ask_for_the_token_and_quote_the_rest() {
        let handshake = handshake(Form::Bearer);
        assert_eq!(
            handshake.websocat(),
            "read -rs TOKEN\nwebsocat --protocol \"Bearer, $TOKEN\" --origin 'http://127.0.0.1:8080' 'ws://127.0.0.1:8000/ws/chats/7/'"
        );
        let curl = handshake.curl();
        assert!(curl.contains("-H \"Sec-WebSocket-Protocol: Bearer, $TOKEN\" \\"), "{curl}");
        assert!(curl.ends_with("'http://127.0.0.1:8000/ws/chats/7/'"), "{curl}");
        let frame = sent("{\"type\":\"message\",\n\"text\":\"it's\"}");
        let line = handshake.websocat_frame(&frame);
        assert!(
            line.contains(r#"printf '%s\n' '{"type":"message", "text":"it'\''s"}' | websocat --no-close"#),
            "{line}"
        );
        let curl = handshake.curl_frame(&frame).unwrap();
        assert!(curl.contains("'http://127.0.0.1:8000/api/chats/7/messages/'"), "{curl}");
        assert!(curl.contains(r#"-d '{"content":"it'\''s"}'"#), "{curl}");
        assert_eq!(handshake.curl_frame(&sent(r#"{"type":"ping"}"#)), None);
    }
}
