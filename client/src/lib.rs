//! What a Causerie client decides: reconnection, ordering, local echo and the outbox, without any input or output.
//!
//! Nothing here reads a clock, draws a random number, opens a socket or stores anything: the caller passes inputs
//! with the time and a random number, and carries out the effects that come back.
//!
//! Reading order:
//!
//! 1. [`input`] and [`effect`]: what the page reports to the client, and what the client asks the page to do.
//! 2. [`client`]: the state of the whole page; inputs go in, effects come out, and components read it.
//! 3. [`connection`], [`backoff`] and [`banner`]: when to connect, how long to wait, and what the person reads about
//!    it.
//! 4. [`stream`]: the events of one chat in order, and when to subscribe again.
//! 5. [`timeline`] and [`row`]: one chat's messages in order, and as they are shown.
//! 6. [`draft`], [`outbox`] and [`idempotency`]: texts that are being written, messages that are not acknowledged yet,
//!    and the key of a request that was not answered.
//! 7. [`chat_list`], [`unread`] and [`typing`]: the list of chats, its counts, and who is there.
//! 8. [`reactions`], [`deletions`]: the person's own ones until the server has decided, and [`kept`] what survives a reload of them.
//! 9. [`clock`] and [`day`]: the time that is shown, and the headings of days.
//! 10. [`words`]: close codes, reasons and errors in the page's language.
//! 11. [`names`], [`formatted`] and [`links`]: how people are named, how a text is formatted, and which parts of it are
//!     addresses.
//! 12. [`sorted`]: the small collections that all of these use.

pub mod backoff;
pub mod banner;
pub mod chat_list;
pub mod client;
pub mod clock;
pub mod connection;
pub mod day;
pub mod deletions;
pub mod draft;
pub mod effect;
pub mod formatted;
pub mod idempotency;
pub mod input;
pub mod kept;
pub mod links;
pub mod names;
pub mod outbox;
pub mod reactions;
mod row;
pub mod sorted;
pub mod stream;
pub mod timeline;
pub mod typing;
pub mod unread;
pub mod words;

pub use banner::Banner;
pub use chat_list::ChatEntry;
pub use client::{Client, RowsView};
pub use clock::Millis;
pub use connection::{ConnectionId, ConnectionState};
pub use effect::{Effect, Invalidation};
pub use input::{ChangeError, HistoryPlace, HistoryRequest, Input, LoadError, SettingError, SocketInput};
pub use kept::KeptChange;
pub use names::{Name, People};
pub use outbox::PendingMessage;
pub use row::{MessageRow, Row, RowKey, RowState, RowTime, SystemEvent, SystemRow};
pub use timeline::History;
