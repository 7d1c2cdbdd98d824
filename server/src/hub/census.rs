//! What there is on the node at one moment, counted when somebody asks.

use super::Hub;

/// The node's sockets and what waits for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Open sockets.
    pub sockets: usize,
    /// People with a socket.
    pub users: usize,
    /// Chats that somebody follows.
    pub chats: usize,
    /// Frames that wait in all outboxes.
    pub frames: usize,
    /// Frames that wait in the fullest one.
    pub frames_max: usize,
    /// Bytes that wait in all outboxes.
    pub bytes: usize,
}

impl Hub {
    /// Looks at every socket, for some fifty nanoseconds each.
    #[must_use]
    pub fn census(&self) -> Census {
        let chats = self.rooms().len();
        let (users, sockets) = {
            let people = self.people();
            (people.users.values().filter(|person| !person.sockets.is_empty()).count(), people.all())
        };
        let mut census = Census { sockets: sockets.len(), users, chats, ..Census::default() };
        for (frames, bytes) in sockets.iter().map(|socket| socket.depth()) {
            census.frames += frames;
            census.frames_max = census.frames_max.max(frames);
            census.bytes += bytes;
        }
        census
    }
}
