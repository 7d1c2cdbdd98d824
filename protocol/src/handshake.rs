//! The subprotocols of the handshake: one function builds them, one parses them.
//!
//! A browser can't set headers on a WebSocket, so the token travels as an offered subprotocol: `['Bearer', token]`, or
//! `['causerie.v1', 'Bearer', token]` with the version first. The server echoes the first of them and never the token;
//! a browser drops a connection that echoes nothing it offered.

use crate::limits;

/// The header that carries the offered values (RFC 6455, section 11.3.4).
pub const HEADER: &str = "sec-websocket-protocol";
/// The value after this one is a token.
pub const BEARER: &str = "Bearer";
/// The first value of the versioned form.
pub const VERSIONED: &str = "causerie.v1";
/// The prefix of all versions of the protocol.
const VERSION_PREFIX: &str = "causerie.v";

/// Why an offer carries no usable token; the sentence is the reason of the close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// No subprotocol was offered at all, or none of them is `Bearer`.
    #[error("no token: offer the subprotocols ['Bearer', token]")]
    NoToken,
    /// `Bearer` was offered with nothing after it.
    #[error("no token after 'Bearer': offer the subprotocols ['Bearer', token]")]
    NothingAfterBearer,
    /// The token can't be one of this server's: wrong length or other characters than base64url's.
    #[error("malformed token: it is not one that this server gave out")]
    Malformed,
    /// Only versions that this server does not speak were offered.
    #[error("unknown protocol version: this server speaks causerie.v1")]
    UnknownVersion,
}

/// The subprotocols that a client offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The value that the server must echo, if the client offered any that it may echo.
    pub echo: Option<&'static str>,
    /// The token, or why there is none.
    pub token: Result<&'a str, OfferError>,
}

/// The values that a client offers, in this order.
#[must_use]
pub fn offer(token: &str) -> [String; 3] {
    [VERSIONED.to_owned(), BEARER.to_owned(), token.to_owned()]
}

/// Whether a text has the shape of a token: [`limits::TOKEN_CHARS`] characters of unpadded base64url.
#[must_use]
pub fn is_token(text: &str) -> bool {
    text.len() == limits::TOKEN_CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Parses the raw value of the header; several headers are joined with a comma first (RFC 9110, section 5.3).
#[must_use]
pub fn parse(header: &str) -> Offer<'_> {
    let mut values = header.split(',').map(str::trim).filter(|value| !value.is_empty());
    let mut echo = None;
    let mut foreign_version = false;
    while let Some(value) = values.next() {
        if value == VERSIONED {
            echo = Some(VERSIONED);
        } else if value == BEARER {
            if foreign_version && echo.is_none() {
                return Offer { echo: Some(BEARER), token: Err(OfferError::UnknownVersion) };
            }
            let token = match values.next() {
                None => Err(OfferError::NothingAfterBearer),
                Some(token) if is_token(token) => Ok(token),
                Some(_) => Err(OfferError::Malformed),
            };
            return Offer { echo: echo.or(Some(BEARER)), token };
        } else if value.starts_with(VERSION_PREFIX) {
            foreign_version = true;
        }
    }
    Offer { echo, token: Err(OfferError::NoToken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        "aZ0-_".repeat(13)[..limits::TOKEN_CHARS].to_owned()
    }

    #[test]
    fn what_the_builder_offers_the_parser_reads() {
        let token = token();
        let header = offer(&token).join(", ");
        assert_eq!(parse(&header), Offer { echo: Some(VERSIONED), token: Ok(&token) });
    }

    #[test]
    fn the_plain_form_is_echoed_as_bearer_in_any_spacing() {
        let token = token();
        for header in [format!("Bearer,{token}"), format!(" Bearer ,  {token} ,")] {
            assert_eq!(parse(&header), Offer { echo: Some(BEARER), token: Ok(&token) });
        }
    }

    #[test]
    fn a_bad_offer_says_what_is_wrong_and_is_still_echoed() {
        let token = token();
        for (header, echo, error) in [
            ("", None, OfferError::NoToken),
            ("chat", None, OfferError::NoToken),
            ("causerie.v1", Some(VERSIONED), OfferError::NoToken),
            ("Bearer", Some(BEARER), OfferError::NothingAfterBearer),
            ("Bearer, short", Some(BEARER), OfferError::Malformed),
            ("Bearer, <script>", Some(BEARER), OfferError::Malformed),
            (&format!("causerie.v9, Bearer, {token}"), Some(BEARER), OfferError::UnknownVersion),
        ] {
            assert_eq!(parse(header), Offer { echo, token: Err(error) }, "{header:?}");
        }
    }

    #[test]
    fn reasons_fit_a_close_frame() {
        for error in [
            OfferError::NoToken,
            OfferError::NothingAfterBearer,
            OfferError::Malformed,
            OfferError::UnknownVersion,
        ] {
            assert!(error.to_string().len() <= limits::CLOSE_REASON_BYTES);
        }
    }
}
