//! The labels of the metrics and every value that each may have: none comes from a client, so their number is bounded.

use causerie_protocol::CloseCode;

use super::series::Label;

macro_rules! labels {
    ($($(#[doc = $doc:literal])+ $name:ident as $wire:literal { $($(#[doc = $about:literal])+ $value:ident = $text:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $about])+ $value,)+
        }

        impl Label for $name {
            const NAME: &'static str = $wire;
            const VALUES: &'static [&'static str] = &[$($text,)+];

            fn place(self) -> usize {
                self as usize
            }
        }

        impl $name {
            /// The label's value.
            #[must_use]
            pub fn name(self) -> &'static str {
                Self::VALUES[self as usize]
            }
        }
    )+};
}

labels! {
    /// Why a handshake was refused.
    Refused as "reason" {
        /// It was no WebSocket upgrade (426).
        NotAnUpgrade = "not_an_upgrade",
        /// The page's origin may not open sockets (403).
        Origin = "origin",
        /// The server drains (503).
        Draining = "draining",
        /// The server has as many sockets as it may (503).
        Full = "full",
        /// The client's address has as many sockets as it may (503).
        Address = "address",
        /// Too many handshakes a second (503).
        Rate = "rate",
        /// No token, or one that is not good (4001).
        Unauthorized = "unauthorized",
        /// The person has as many sockets as one may (4109).
        User = "user",
        /// The chat's address is none (4003).
        NoSuchChat = "no_such_chat",
        /// A parameter makes no sense (4002).
        BadRequest = "bad_request",
        /// The database did not answer (1011).
        Unavailable = "unavailable",
    }

    /// The kinds of frames that go out.
    Frames as "kind" {
        /// An entry of a chat's log.
        Event = "event",
        /// An answer, a ping, typing, presence or a read position.
        Other = "other",
    }

    /// What became of a message.
    MessageOutcome as "outcome" {
        /// It is in the log.
        Stored = "stored",
        /// It was there already.
        Duplicate = "duplicate",
        /// It was not allowed.
        Refused = "refused",
        /// The database did not take it.
        Failed = "failed",
    }

    /// How a subscription from a position went.
    Resume as "outcome" {
        /// Everything that was missed follows.
        Whole = "whole",
        /// Too much was missed, or the log is another: the client loads afresh.
        Reset = "reset",
    }

    /// How a gap was found.
    FoundBy as "found_by" {
        /// A later entry came.
        Event = "event",
        /// A ping was due and would have named a head that was not sent.
        Ping = "ping",
    }

    /// The class of an HTTP status.
    StatusClass as "class" {
        /// Switching protocols.
        Informational = "1xx",
        /// Done.
        Success = "2xx",
        /// Elsewhere, or unchanged.
        Redirection = "3xx",
        /// The request's fault.
        ClientError = "4xx",
        /// The server's fault, or that it is busy.
        ServerError = "5xx",
    }

    /// An operation on the database, by the method of the store.
    Operation as "operation" {
        /// Makes an account.
        CreateUser = "create_user",
        /// Finds an account to sign in to.
        Account = "account",
        /// Replaces the hash of a password by one that is made as today's are.
        ReplacePasswordHash = "replace_password_hash",
        /// Finds a person.
        FindUser = "find_user",
        /// Finds a person whom another may reach.
        ReachableUser = "reachable_user",
        /// Stores a sign-in.
        CreateToken = "create_token",
        /// Checks a token.
        Token = "token",
        /// Lists sign-ins.
        TokensOf = "tokens_of",
        /// Looks for revoked sign-ins.
        Revoked = "revoked",
        /// Revokes a sign-in.
        RevokeToken = "revoke_token",
        /// Looks for an owner, and makes the first account of an older installation one.
        EnsureOwner = "ensure_owner",
        /// Changes an account, or what may be done with it.
        ChangeAccount = "change_account",
        /// Lists accounts.
        People = "people",
        /// Notes that a sign-in is in use.
        TouchToken = "touch_token",
        /// Looks for messages of deleted accounts to erase.
        ToErase = "to_erase",
        /// Notes that some were erased.
        Erased = "erased",
        /// Looks for a second factor.
        HasSecondFactor = "has_second_factor",
        /// Begins a second factor, sets it up, or makes its recovery codes.
        SetSecondFactor = "set_second_factor",
        /// Judges a code of a second factor.
        UseCode = "use_code",
        /// Makes a link that lets somebody in.
        CreateLink = "create_link",
        /// Looks at a link.
        Link = "link",
        /// Notes who wants a chat with which address, lists that, or forgets what was carried out.
        Asks = "asks",
        /// Lists invitations.
        Invitations = "invitations",
        /// Revokes an invitation.
        RevokeInvitation = "revoke_invitation",
        /// Uses an invitation for somebody who has an account.
        UseInvitation = "use_invitation",
        /// Reads who may make an account.
        Registration = "registration",
        /// Decides who may make an account.
        SetRegistration = "set_registration",
        /// Sets a password by a link.
        ResetPassword = "reset_password",
        /// Reads the audit log.
        Audit = "audit",
        /// Forgets sign-ins and links that ended long ago.
        ForgetEnded = "forget_ended",
        /// Makes a chat.
        CreateChat = "create_chat",
        /// Reads a chat.
        Chat = "chat",
        /// Lists chats.
        Chats = "chats",
        /// Looks for chats with new messages.
        MovedChats = "moved_chats",
        /// Lists who shares a chat with somebody.
        Acquaintances = "acquaintances",
        /// Deletes a chat.
        DeleteChat = "delete_chat",
        /// Changes what somebody has set of a chat for themself.
        ChangeSettings = "change_settings",
        /// Reads such settings that may have been missed.
        SettingsAfter = "settings_after",
        /// Reads whom somebody is apart from.
        Boundaries = "boundaries",
        /// Changes what is hidden of a person.
        SetHidden = "set_hidden",
        /// Finds a person who is to be blocked.
        BlockableUser = "blockable_user",
        /// Lists whom somebody has blocked.
        Blocks = "blocks",
        /// Blocks somebody.
        Block = "block",
        /// Unblocks somebody.
        Unblock = "unblock",
        /// Ends a chat of two.
        EndPair = "end_pair",
        /// Reports a message.
        Report = "report",
        /// Lists reports.
        Reports = "reports",
        /// Reads a report with its copies.
        ReadReport = "read_report",
        /// Does something about a report and closes it.
        CloseReport = "close_report",
        /// Opens a chat of two that was ended.
        ReopenPair = "reopen_pair",
        /// Reads the number of the last parting.
        LastParting = "last_parting",
        /// Reads partings that may have been missed.
        PartingsAfter = "partings_after",
        /// Reads who hides something.
        Hidden = "hidden",
        /// Commits a batch of changes.
        Append = "append",
        /// Reads where a log stands.
        Position = "position",
        /// Reads the log.
        EventsAfter = "events_after",
        /// Reads messages.
        Messages = "messages",
        /// Reads one message.
        Message = "message",
        /// Reads what a message said before its edits.
        FormerTexts = "former_texts",
        /// Searches messages.
        Search = "search",
        /// Looks whether messages are to be indexed.
        LookAtIndex = "look_at_index",
        /// Writes the words of messages into the index.
        IndexMessages = "index_messages",
        /// Takes what was deleted out of the write-ahead log.
        ShedDeleted = "shed_deleted",
        /// Reads the heads of chats.
        Heads = "heads",
        /// Reads who has read how far.
        Reads = "reads",
        /// Finds the other servers.
        OtherNodes = "other_nodes",
        /// Keeps the page's files for nodes of other versions.
        KeepPageFiles = "keep_page_files",
        /// Reads a file of another version's page.
        PageFile = "page_file",
        /// Asks whether the database answers.
        Ping = "ping",
    }
}

/// The close code of a socket. A client may send any, so what has no name shares one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed(pub CloseCode);

/// The codes that are told apart, and the rest. 1002 and 1005 have no policy, but RFC 6455 gives them a meaning.
macro_rules! closed {
    ($($code:literal = $text:literal,)+) => {
        impl Label for Closed {
            const NAME: &'static str = "code";
            const VALUES: &'static [&'static str] = &[$($text,)+ "other"];

            fn place(self) -> usize {
                const CODES: &[u16] = &[$($code,)+];
                let code = self.0.code();
                CODES.iter().position(|known| *known == code).unwrap_or(CODES.len())
            }
        }
    };
}

closed! {
    1000 = "1000", 1001 = "1001", 1002 = "1002", 1003 = "1003", 1005 = "1005", 1006 = "1006", 1007 = "1007",
    1009 = "1009", 1011 = "1011", 1012 = "1012", 1013 = "1013", 4001 = "4001", 4002 = "4002", 4003 = "4003",
    4004 = "4004", 4005 = "4005", 4009 = "4009", 4010 = "4010", 4108 = "4108", 4109 = "4109", 4201 = "4201", 4202 = "4202",
}

impl StatusClass {
    /// The class of a status code.
    #[must_use]
    pub fn of(status: u16) -> Self {
        match status {
            ..200 => Self::Informational,
            200..300 => Self::Success,
            300..400 => Self::Redirection,
            400..500 => Self::ClientError,
            500.. => Self::ServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_code_with_a_name_is_told_apart() {
        for code in CloseCode::ALL {
            assert_eq!(Closed::VALUES[Closed(*code).place()], code.to_string());
        }
        assert_eq!(Closed::VALUES[Closed(CloseCode::Other(3000)).place()], "other");
    }
}
