//! What the store knows of accounts beyond signing in: roles, suspension, links that let somebody in, the audit log.

use causerie_protocol::accounts::Account;
use causerie_protocol::{ChatId, MessageId, Role, TokenId, User, UserId};

use crate::clock::UnixMicros;

/// A new account; the arguments are checked.
#[derive(Clone, Debug)]
pub struct NewAccount<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
    pub entry: Entry,
}

/// How somebody comes to an account, which decides the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// By oneself: the first account of the installation is the owner, every other a member.
    Registration,
    /// By an invitation with this digest, which is used once more.
    Invitation([u8; 32]),
    /// Made by the command line.
    Command(Role),
}

/// What became of a [`NewAccount`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCreated {
    New {
        user: User,
        role: Role,
        /// Who invited, and the groups that they may add the person to.
        invited_by: Option<UserId>,
        chats: Vec<ChatId>,
        /// Whether who invited wants a chat with the person.
        meets_inviter: bool,
    },
    /// The address is taken, in whatever spelling.
    EmailTaken,
    /// The invitation is used up, has ended, was revoked, is for another address, or there is none with this digest.
    LinkInvalid,
}

/// Who changes an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever has the command line, or the server itself: may everything but remove the last owner.
    Operator,
    /// A person: oneself, or somebody whose role allows it.
    User(UserId),
    /// A person who changes their own account, by this sign-in: nothing is changed once it has ended.
    Own { user: UserId, token: TokenId },
}

impl Actor {
    #[must_use]
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::Operator => None,
            Self::User(user) | Self::Own { user, .. } => Some(user),
        }
    }
}

/// A change of an account. All but those of one's own are entries of the audit log, in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    Role(Role),
    /// Nobody signs in any more; every sign-in ends, and every invitation of the person.
    Suspend,
    /// The opposite; the sign-ins stay ended.
    Restore,
    /// Ends every sign-in, but this one if it is named.
    SignOut {
        except: Option<TokenId>,
    },
    Name(String),
    Email(String),
    /// Another password; every sign-in ends but this one if it is named.
    Password {
        hash: String,
        except: Option<TokenId>,
    },
    /// Takes the second factor away, be it set up or not.
    RemoveSecondFactor,
    /// The person wants the account deleted at this time: every sign-in ends, and who signs in
    /// again until then can take it back.
    DeleteAt(UnixMicros),
    /// The account is to stay.
    Keep,
    /// Takes address, name and password away, for ever; messages stay in their places.
    Delete {
        /// Whether their texts are to be erased, see [`Store::to_erase`](super::Store::to_erase).
        erase: bool,
    },
}

/// A step of erasing the messages of a deleted account: what it wrote among some thousand events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    pub user: UserId,
    /// What is to be erased, each by [`Change::Erase`](super::Change::Erase).
    pub messages: Vec<(ChatId, MessageId)>,
    /// The last event that was looked at; nothing once it was the last of all.
    pub up_to: Option<i64>,
}

/// What became of an [`AccountChange`].
pub type AccountChanged = Result<ChangedAccount, NotChanged>;

/// An account after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedAccount {
    pub account: Account,
    /// The sign-ins that ended by it.
    pub ended: Vec<TokenId>,
}

/// Why an account was not changed, or a link not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotChanged {
    NoSuchPerson,
    /// The sign-in of [`Actor::Own`] has ended.
    SignedOut,
    /// The person's role, or the one that was to be given, is above the actor's own.
    RoleAbove,
    /// There would be no owner left.
    LastOwner,
    EmailTaken,
    /// The actor is not in one of the groups.
    NoSuchChat,
    /// The actor is neither a moderator nor the owner of one of the groups.
    RoleInGroup,
    /// The invitation with which a registration was begun can't be used any more.
    LinkEnded,
    /// The actor has as many invitations as one may.
    TooManyInvitations,
    /// The address got an invitation by mail within [`MAILED_INVITATION_HOURS`](causerie_protocol::limits::MAILED_INVITATION_HOURS).
    InvitedBefore,
}

/// A link to make; only the digest of its secret is kept.
#[derive(Clone, Debug)]
pub struct NewLink {
    pub digest: [u8; 32],
    pub to: LinkTo,
    pub ends_at: UnixMicros,
}

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTo {
    /// To make an account.
    Join {
        role: Role,
        max_uses: i64,
        chats: Vec<ChatId>,
        /// Whether members may make one too: into groups of which they are a moderator or the owner.
        by_members: bool,
    },
    /// To make a member's account and chat with who made the link, which is mailed to this address.
    Meet {
        email: String,
        /// Whether members may make one too.
        by_members: bool,
    },
    /// To finish a registration, by whoever reads what is sent to this address; with the invitation of this digest, if it was
    /// begun with one.
    Register { email: String, invitation: Option<[u8; 32]> },
    /// To become the owner of an installation that has none.
    Own,
    /// To set a new password. What is mailed goes to the address that the account has when the link is made, and no other.
    Reset { user: UserId, mailed_to: Option<String> },
    /// To give an account another address, by whoever reads what is sent to that.
    Email { user: UserId, email: String },
}

/// The groups of an invitation, for somebody who has an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvitedTo {
    /// Those that they are in already.
    pub are_in: Vec<ChatId>,
    /// Who adds them to the others.
    pub by: Option<UserId>,
    pub to_join: Vec<ChatId>,
    /// Whether who made it wants a chat with them, and has none.
    pub meets: bool,
}

/// A link that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRecord {
    pub role: Role,
    /// The name of who made it.
    pub invited_by: Option<String>,
    /// The address that it was mailed to.
    pub mailed_to: Option<String>,
    pub ends_at: UnixMicros,
}

impl LinkRecord {
    /// Whether it is the server's own link to the account of an owner, which an installation without one prints.
    #[must_use]
    pub fn is_owners(&self) -> bool {
        self.role == Role::Owner && self.invited_by.is_none() && self.mailed_to.is_none()
    }
}

/// Somebody wants a chat with whoever has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub id: i64,
    /// Who wants it.
    pub user: User,
    pub email: String,
    /// The language of an invitation by mail.
    pub language: Option<String>,
}
