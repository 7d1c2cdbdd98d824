//! Accounts of an installation: roles, and the bodies of the requests about them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{AuditId, ChatId, InvitationId, Timestamp, UserId};
use crate::read_fields;

/// What a person may do in the installation, whatever they are in a chat; the greater role includes the smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Came by an invitation to certain chats: takes part in them and starts none.
    Guest,
    /// Starts chats and takes part in them.
    #[default]
    Member,
    /// Also looks after people: suspends them, lets them back in, invites.
    Moderator,
    /// Also decides who is what. An installation has one at least.
    Owner,
}

impl Role {
    /// Every role, from the smallest to the greatest.
    pub const ALL: [Self; 4] = [Self::Guest, Self::Member, Self::Moderator, Self::Owner];

    /// The name on the wire, in the database and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }
}

/// No role has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchRole;

impl fmt::Display for NoSuchRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a role is owner, moderator, member or guest")
    }
}

impl std::error::Error for NoSuchRole {}

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(name: &str) -> Result<Self, NoSuchRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(NoSuchRole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // One scanner of strings is enough in the page's program.
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Everybody who reaches the server.
    Open,
    /// Who has an invitation.
    Invited,
    /// Nobody; the installation's owner makes accounts.
    Closed,
}

impl Registration {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Invited, Self::Closed];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invited => "invited",
            Self::Closed => "closed",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// `GET /api/installation/`: what a page must know before somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Installation {
    /// Who may make an account.
    pub registration: Registration,
    /// Whether links to set a new password can be sent by mail.
    pub mail: bool,
    /// Whether the messages of a deleted account are erased.
    pub erases_messages: bool,
    /// Whether members may make invitations: into groups of which they are a moderator or the owner.
    pub members_invite: bool,
}

read_fields! {
    Installation {
        "registration" => registration: required,
        "mail" => mail: optional,
        "erases_messages" => erases_messages: optional,
        "members_invite" => members_invite: optional,
    }
}

/// An account as its own person sees it, and those who look after people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The person.
    pub id: UserId,
    /// The address to sign in with.
    pub email: String,
    /// The name that others see.
    pub name: String,
    /// What the person may do in the installation.
    pub role: Role,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When a sign-in of it was last used, if one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// Since when nobody can sign in to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<Timestamp>,
    /// When it will be deleted, because its person asked for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_at: Option<Timestamp>,
    /// How many recovery codes are left, if the account has a second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<i64>,
}

read_fields! {
    Account {
        "id" => id: required,
        "email" => email: required,
        "name" => name: required,
        "role" => role: required,
        "created_at" => created_at: required,
        "last_used_at" => last_used_at: optional,
        "suspended_at" => suspended_at: optional,
        "delete_at" => delete_at: optional,
        "recovery_codes" => recovery_codes: optional,
    }
}

/// `PATCH /api/account/`; a field that is missing stays as it is.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct UpdateAccount {
    /// Another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another address to sign in with. Where mail is set up it counts once a link is opened that is sent to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Another password; all other sign-ins end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The password as it is, without which neither the address nor the password is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<String>,
    /// The language of mails about it, as in [`AskReset`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// `POST /api/auth/email/`: gives an account the address that a link was sent to.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConfirmEmail {
    /// The link's secret.
    pub token: String,
    /// The language of the mail to the address before, as in [`AskReset`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// `POST /api/account/second-factor/` and what is below it but `confirm/`.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProvePassword {
    /// The password, so that nobody does it on a device that was left open.
    pub current_password: String,
}

/// The answer to `POST /api/account/second-factor/`: what an authenticator app needs. Nothing is asked for until
/// `confirm/` gets a code of it.
#[derive(Clone, Serialize)]
pub struct NewSecondFactor {
    /// The secret, to be typed: base32 (RFC 4648).
    pub secret: String,
    /// The same as the address that a QR code holds: `otpauth://totp/…`.
    pub uri: String,
}

read_fields! {
    NewSecondFactor {
        "secret" => secret: required,
        "uri" => uri: required,
    }
}

/// `POST /api/account/second-factor/confirm/`.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConfirmSecondFactor {
    /// A code that the app shows.
    pub code: String,
}

/// Recovery codes, each of which stands for one code of the second factor; the only time that they are shown.
#[derive(Clone, Serialize)]
pub struct RecoveryCodes {
    /// The codes.
    pub codes: Vec<String>,
}

read_fields! {
    RecoveryCodes {
        "codes" => codes: required,
    }
}

/// `POST /api/account/delete/`: asks for the deletion of one's own account, after a week to think.
#[derive(Clone, Serialize, Deserialize)]
pub struct DeleteAccount {
    /// The password, so that nobody does it on a device that was left open.
    pub current_password: String,
}

/// `PATCH /api/admin/people/{id}/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRole {
    /// The role from now on.
    pub role: Role,
}

/// `POST /api/admin/invitations/`, and into one group `POST /api/chats/{id}/invitations/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateInvitation {
    /// The role of those who come by it, not above one's own; a member's when it is missing.
    #[serde(default)]
    pub role: Role,
    /// Hours until it ends, from 1 to [`crate::limits::INVITATION_HOURS_MAX`];
    /// [`crate::limits::INVITATION_HOURS`] when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<i64>,
    /// How many people may come by it, from 1 to [`crate::limits::INVITATION_USES_MAX`]; one when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<i64>,
    /// Groups that they are added to, in each of which one is a moderator or the owner; beside the one of the path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chats: Vec<ChatId>,
}

/// An invitation, without its secret, of which only a digest is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invitation {
    /// The id for revoking it.
    pub id: InvitationId,
    /// The role of those who come by it.
    pub role: Role,
    /// The groups that they are added to.
    pub chats: Vec<ChatId>,
    /// Who made it; nobody for one of the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How many people have come by it.
    pub uses: i64,
    /// How many may.
    pub max_uses: i64,
    /// Whether it was revoked.
    pub revoked: bool,
}

read_fields! {
    Invitation {
        "id" => id: required,
        "role" => role: required,
        "chats" => chats: required,
        "created_by" => created_by: optional,
        "created_at" => created_at: required,
        "ends_at" => ends_at: required,
        "uses" => uses: required,
        "max_uses" => max_uses: required,
        "revoked" => revoked: required,
    }
}

/// A secret that was just made, the only time that it is shown: it belongs behind the `#` of a link, where no log has it.
#[derive(Clone, Serialize)]
pub struct Link {
    /// The secret.
    pub token: String,
    /// When it ends.
    pub ends_at: Timestamp,
}

read_fields! {
    Link {
        "token" => token: required,
        "ends_at" => ends_at: required,
    }
}

/// `POST /api/invitation/`: what an invitation is to.
#[derive(Clone, Serialize, Deserialize)]
pub struct LookAtInvitation {
    /// Its secret.
    pub token: String,
}

/// The answer to it, for who holds the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvitationInfo {
    /// The role of those who come by it.
    pub role: Role,
    /// The name of who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<String>,
    /// The address that it was mailed to, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether any other address is confirmed by a mail before the account is made, see [`crate::rest::Register`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub confirms: bool,
    /// When it ends.
    pub ends_at: Timestamp,
}

read_fields! {
    InvitationInfo {
        "role" => role: required,
        "invited_by" => invited_by: optional,
        "email" => email: optional,
        "confirms" => confirms: optional,
        "ends_at" => ends_at: required,
    }
}

/// The answer to `POST /api/invitation/join/`, for who has an account already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JoinedGroups {
    /// The groups of the invitation that the caller is in now.
    pub chats: Vec<ChatId>,
}

read_fields! {
    JoinedGroups {
        "chats" => chats: required,
    }
}

/// How the installation is set, in `GET /api/admin/settings/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Who may make an account.
    pub registration: Registration,
    /// What the option `--registration` says, which counts while nothing else is stored.
    pub registration_option: Registration,
    /// Whether an owner's choice is stored, and counts instead.
    pub registration_is_stored: bool,
    /// Where people reach the page, if `--public-url` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Whether mails are sent, as `--smtp-url` says.
    pub mail: bool,
    /// Whether people see the e-mail addresses of others, as `--legacy-email` says.
    pub legacy_email: bool,
    /// Days for which a sign-in is valid, [`crate::limits::TOKEN_DAYS`].
    pub token_days: i64,
    /// Days between somebody's wish to delete their account and its deletion, [`crate::limits::DELETION_DAYS`].
    pub deletion_days: i64,
}

read_fields! {
    Settings {
        "registration" => registration: required,
        "registration_option" => registration_option: required,
        "registration_is_stored" => registration_is_stored: required,
        "public_url" => public_url: optional,
        "mail" => mail: required,
        "legacy_email" => legacy_email: required,
        "token_days" => token_days: required,
        "deletion_days" => deletion_days: required,
    }
}

/// `PATCH /api/admin/settings/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateSettings {
    /// Who may make an account from now on; `null`, and not a missing field, lets the option decide again.
    #[serde(deserialize_with = "Option::deserialize")]
    pub registration: Option<Registration>,
}

/// `POST /api/auth/reset/`: asks for a link by mail. The answer is the same whether or not there is such an account.
#[derive(Clone, Serialize, Deserialize)]
pub struct AskReset {
    /// The address of the account.
    pub email: String,
    /// The language of the mail: `en` or `vi`; English when it is missing or another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// `POST /api/auth/reset/password/`: sets a new password by a link; every sign-in of the account ends.
#[derive(Clone, Serialize, Deserialize)]
pub struct ResetPassword {
    /// The link's secret.
    pub token: String,
    /// The password from now on.
    pub password: String,
}

/// An entry of the audit log: who did what to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// Its place in the log; a later one is greater.
    pub id: AuditId,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it; nobody when it was the command line or the server itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<UserId>,
    /// The name of who did it, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<String>,
    /// What was done.
    pub action: String,
    /// To whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<UserId>,
    /// The name of that person, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_name: Option<String>,
    /// More about it, such as the new role.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

read_fields! {
    AuditEntry {
        "id" => id: required,
        "at" => at: required,
        "actor" => actor: optional,
        "actor_name" => actor_name: optional,
        "action" => action: required,
        "target" => target: optional,
        "target_name" => target_name: optional,
        "detail" => detail: optional,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_register_is_one_name_everywhere() {
        for registration in Registration::ALL {
            let name = registration.as_str();
            assert_eq!(serde_json::to_string(&registration).unwrap(), format!("\"{name}\""));
            assert_eq!(Registration::from_name(name), Some(registration));
        }
        assert_eq!(Registration::from_name("Open"), None);
    }

    #[test]
    fn a_role_is_its_name_everywhere() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
            assert_eq!(serde_json::from_str::<Role>(&format!("\"{role}\"")).unwrap(), role);
        }
        assert!(serde_json::from_str::<Role>("\"Owner\"").is_err());
        assert!(Role::ALL.is_sorted());
    }
}
