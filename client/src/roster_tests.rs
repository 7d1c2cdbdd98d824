//! What the list of chats shows after loads and events.
