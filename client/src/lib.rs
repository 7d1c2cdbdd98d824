//! What a Causerie client decides: reconnection, ordering, local echo and the outbox, without any input or output.
//!
//! Nothing here reads a clock, draws a random number, opens a socket or stores anything: the caller passes inputs
//! with the time and a random number, and carries out the effects that come back.
//!
//! Reading order:
//!
//! 1. [`input`] and [`effect`]: what a page tells the client, and what the client asks of the page.
//! 2. [`client`]: the whole page's state; one function in, effects out, and the read side for components.
//! 3. [`connection`], [`backoff`] and [`banner`]: when to connect, how long to wait, and the words for it.
//! 4. [`stream`]: whether one chat's stream is complete, and when to ask for it again.
//! 5. [`timeline`] and [`row`]: one chat's messages in order, and as they are shown.
//! 6. [`draft`], [`outbox`] and [`idempotency`]: what is being written, what is not acknowledged yet, in order, and a request
//!    that was not answered.
//! 7. [`chat_list`], [`unread`] and [`typing`]: the list of chats, its counts, and who is there.
//! 8. [`clock`] and [`day`]: the time that is shown, and the headings of days.
//! 9. [`words`]: the language, and what it says of what the server says.
//! 10. [`names`] and [`links`]: what people are called, and what in a text is an address.
//! 11. [`sorted`]: the small collections that they stand on.

pub mod backoff;
pub mod banner;
pub mod chat_list;
pub mod client;
pub mod clock;
pub mod connection;
pub mod day;
pub mod draft;
pub mod effect;
pub mod idempotency;
pub mod input;
pub mod links;
pub mod names;
pub mod outbox;
pub mod row;
pub mod sorted;
pub mod stream;
pub mod timeline;
pub mod typing;
pub mod unread;
pub mod words;

pub use banner::Banner;
pub use chat_list::ChatEntry;
pub use client::Client;
pub use clock::Millis;
pub use connection::{ConnectionId, ConnectionState};
pub use effect::{Effect, Scope};
pub use input::{HistoryRequest, Input, LoadError, SocketInput};
pub use names::{Name, People};
pub use outbox::PendingMessage;
pub use row::{MessageRow, Row, RowKey, RowState, RowTime, SystemEvent, SystemRow};
pub use timeline::History;
