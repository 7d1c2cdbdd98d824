//! The contract between Causerie's server and its clients: frames, replies, events, close codes, REST bodies and
//! limits.
//!
//! Reading order:
//!
//! 1. [`ids`] and [`text`], with [`visible`]: the validated small types.
//! 2. [`event`]: what happens in a chat and survives, each with its [`Seq`]; [`spans`]: how a text is formatted.
//! 3. [`client_frame`] and [`server_frame`], with [`heads`]: the two directions of a socket, never mixed.
//! 4. [`close`] and [`error`]: how a socket ends, and how one request fails while the socket stays.
//! 5. [`handshake`]: the subprotocol values that carry the token.
//! 6. [`rest`], [`chat_settings`], [`accounts`], [`search`] and [`paths`]: bodies and addresses of the HTTP API.
//! 7. [`limits`]: every bound, named once.
//! 8. [`read`]: how objects are deserialised.
//! 9. [`doctor`]: what a server reports about itself and a handshake. [`examples`]: a frame of every type.
//!
//! Nothing here does input or output; the crate builds natively and for `wasm32-unknown-unknown`.

#![warn(missing_docs)]

pub mod accounts;
pub mod chat_settings;
pub mod client_frame;
pub mod close;
pub mod doctor;
pub mod error;
pub mod event;
pub mod examples;
pub mod handshake;
pub mod heads;
pub mod ids;
pub mod limits;
pub mod paths;
pub mod read;
pub mod reports;
pub mod rest;
pub mod search;
pub mod server_frame;
pub mod spans;
pub mod text;
pub mod visible;

pub use accounts::Role;
pub use chat_settings::{ChatSettings, Notify, UpdateChatSettings};
pub use client_frame::{ClientFrame, FrameError};
pub use close::{CloseCode, Policy};
pub use error::ErrorCode;
pub use event::{Event, Message, User};
pub use heads::Heads;
pub use ids::{
    AuditId, ChatId, ClientId, Epoch, InvitationId, MessageId, ReportId, Seq, Timestamp, TokenId, UserId,
};
pub use server_frame::ServerFrame;
pub use spans::{Span, SpanKind};
pub use text::{ChatTitle, MessageText, PersonName};
