//! The options of `causerie account`.

use causerie_protocol::{Role, limits};
use clap::{Args, Subcommand};

use super::{ConfigError, Database, DeletedMessages, public_url};

/// The options of `causerie account`.
#[derive(Debug, Args)]
pub struct AccountOptions {
    /// What to do.
    #[command(subcommand)]
    pub command: AccountCommand,
    /// Which database.
    #[command(flatten)]
    pub database: Database,
    /// Where people reach the page: a printed link begins with it. Without it, the address of the server that has the SQLite file.
    #[arg(long, env = "CAUSERIE_PUBLIC_URL", value_name = "URL", global = true)]
    pub public_url: Option<String>,
}

/// What to do to accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// List accounts: number, role, address, name, and whether they are suspended.
    List {
        /// Only those whose name or address holds this.
        #[arg(value_name = "WORDS", default_value = "")]
        words: String,
    },
    /// Make an account, and print a link by which its person sets a password.
    Create {
        #[arg(value_name = "ADDRESS", help = "The e-mail address to sign in with")]
        address: String,
        /// The name that others see; what stands before the `@` when it is missing.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// What the person may do: owner, moderator, member or guest.
        #[arg(long, value_name = "ROLE", default_value = "member")]
        role: Role,
        /// The same as `--role owner`.
        #[arg(long, conflicts_with = "role")]
        owner: bool,
        /// Read the password from the first line of standard input, instead of printing a link.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give an account a role: owner, moderator, member or guest.
    Role {
        #[arg(value_name = "ADDRESS", help = "The account, by its e-mail address or its number")]
        address: String,
        #[arg(value_name = "ROLE", help = "owner, moderator, member or guest")]
        role: Role,
    },
    /// Suspend an account: every sign-in ends, and nobody signs in to it any more.
    Suspend {
        #[arg(value_name = "ADDRESS", help = "The account, by its e-mail address or its number")]
        address: String,
        /// Let the person back in.
        #[arg(long)]
        lift: bool,
    },
    /// Open the chat of two people that one of them has ended; a block stays.
    ///
    /// Pages that are open show it once they connect again, or within two seconds where several servers are connected.
    Reopen {
        #[arg(value_name = "ADDRESS", help = "One of the two, by its e-mail address or its number")]
        address: String,
        #[arg(value_name = "OTHER", help = "The other one")]
        other: String,
    },
    /// End every sign-in of an account.
    SignOut {
        #[arg(value_name = "ADDRESS", help = "The account, by its e-mail address or its number")]
        address: String,
    },
    /// Print an invitation: a link by which people make their own accounts.
    Invite {
        /// The role of those who come by it: moderator, member or guest.
        #[arg(long, value_name = "ROLE", default_value = "member")]
        role: Role,
        /// How many people may come by it.
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        uses: i64,
        /// Hours until it ends.
        #[arg(long, value_name = "HOURS", default_value_t = limits::INVITATION_HOURS)]
        hours: i64,
    },
    /// List invitations: number, role, how many came and may come, and when it ends.
    Invitations,
    /// Revoke an invitation.
    Revoke {
        #[arg(value_name = "NUMBER", help = "Its number, as `causerie account invitations` lists it")]
        invitation: i64,
    },
    /// Print the audit log, the newest entry first.
    Audit {
        /// How many entries.
        #[arg(long, value_name = "COUNT", default_value_t = limits::ADMIN_PAGE as u64)]
        limit: u64,
    },
    /// Print a link by which a person sets a new password, once, within thirty minutes.
    Reset {
        #[arg(value_name = "ADDRESS", help = "The account, by its e-mail address or its number")]
        address: String,
    },
    /// Take the second factor of an account away, when its device and its recovery codes are lost.
    ///
    /// Make sure by other means that it is the person who asks. The password stays; the person signs in with it alone.
    RemoveSecondFactor {
        #[arg(value_name = "ADDRESS", help = "The account, by its e-mail address or its number")]
        address: String,
    },
    /// Delete an account for ever: address, name and password go, its messages stay as those of a deleted account, or go too.
    Delete {
        #[arg(value_name = "ADDRESS", help = "The account, by its e-mail address or its number")]
        address: String,
        /// Do it without asking.
        #[arg(long)]
        yes: bool,
        /// What becomes of its messages; a server erases them, a while after it was done.
        #[arg(long, env = "CAUSERIE_DELETED_MESSAGES", value_name = "WHAT", value_enum, default_value_t = DeletedMessages::Keep)]
        deleted_messages: DeletedMessages,
    },
}

impl AccountOptions {
    /// The database's URL, checked.
    ///
    /// # Errors
    /// When it can't be used.
    pub fn url(&self) -> Result<String, ConfigError> {
        self.database.url()
    }

    /// What links begin with, without a slash at its end, if it was said.
    ///
    /// # Errors
    /// When it is no address of a page.
    pub fn page(&self) -> Result<Option<String>, ConfigError> {
        Ok(self.public_url.as_deref().map(public_url).transpose()?.flatten())
    }
}
