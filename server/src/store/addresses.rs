//! Whether people see the e-mail addresses of others: nobody does, but for clients of the old system.

use causerie_protocol::event::{Membership, Pinned, Reacted, RoleChanged, User};
use causerie_protocol::reports::Report;
use causerie_protocol::rest::{Blocked, Chat};
use causerie_protocol::search::Found;
use causerie_protocol::{Event, Message};

use super::{AppendResult, Appended, ReportClosed};

/// What becomes of the addresses in chats and events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// They are left out.
    #[default]
    Hidden,
    /// They stay, for clients of the old system.
    Legacy,
}

impl Addresses {
    /// What the store answers, with the addresses left out if they are to be.
    pub(super) fn shown<T: HasUsers>(self, mut answer: T) -> T {
        if self == Self::Hidden {
            answer.for_each_user(&mut |user| user.email = None);
        }
        answer
    }
}

/// Something that names users.
pub(super) trait HasUsers {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User));
}

impl<T: HasUsers> HasUsers for Option<T> {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        self.iter_mut().for_each(|one| one.for_each_user(change));
    }
}

impl<T: HasUsers> HasUsers for Vec<T> {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        self.iter_mut().for_each(|one| one.for_each_user(change));
    }
}

impl HasUsers for Message {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        change(&mut self.sender);
    }
}

impl HasUsers for Found {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        self.hits.iter_mut().for_each(|hit| change(&mut hit.sender));
    }
}

impl HasUsers for Event {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        match self {
            Self::Message(message) => message.for_each_user(change),
            Self::Joined(Membership { user, .. }) | Self::Left(Membership { user, .. }) => change(user),
            Self::RoleChanged(RoleChanged { user, .. })
            | Self::Reacted(Reacted { user, .. })
            | Self::Pinned(Pinned { user, .. }) => change(user),
            Self::Edited(_) | Self::Deleted(_) | Self::ChatChanged(_) | Self::Unknown { .. } => {}
        }
    }
}

impl HasUsers for Chat {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        self.participants.iter_mut().for_each(|participant| change(&mut participant.user));
        self.last_message.for_each_user(change);
    }
}

impl HasUsers for Blocked {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        change(&mut self.user);
    }
}

/// Whoever looks after people finds addresses in the list of people.
impl HasUsers for Report {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        self.context.iter_mut().for_each(|copy| change(&mut copy.sender));
    }
}

impl HasUsers for ReportClosed {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        match self {
            Self::Now(done) => done.report.for_each_user(change),
            Self::Before(report) => report.for_each_user(change),
            Self::NoSuchReport | Self::AboutOneself | Self::NotChanged(_) => {}
        }
    }
}

impl HasUsers for AppendResult {
    fn for_each_user(&mut self, change: &mut dyn FnMut(&mut User)) {
        match self {
            Ok(Appended::Event(event) | Appended::Accepted { event, .. }) => event.for_each_user(change),
            Ok(Appended::Duplicate(message)) => message.for_each_user(change),
            Ok(Appended::Read { .. } | Appended::Unchanged { .. }) | Err(_) => {}
        }
    }
}
