//! `causerie account`: what whoever runs the server does to accounts.

use std::io::{self, BufRead, IsTerminal};

use causerie_protocol::accounts::{Account, Invitation, Link};
use causerie_protocol::{InvitationId, Role, paths};
use causerie_server::config::{AccountCommand, AccountOptions};
use causerie_server::operator::Operator;
use causerie_server::store::{AccountChange, page_of_server};

use super::say;

/// What links begin with when nothing is known of a server: where one listens unless it is told otherwise.
const NO_PAGE: &str = "http://127.0.0.1:8000";

pub(super) async fn run(options: &AccountOptions) -> Result<(), String> {
    let url = options.url().map_err(|error| error.to_string())?;
    let page = options.page().map_err(|error| error.to_string())?;
    let page = page.or_else(|| page_of_server(&url)).unwrap_or_else(|| NO_PAGE.to_owned());
    let operator = Operator::open(&url).await?;
    let done = carry_out(&operator, &options.command, &page).await;
    operator.close().await;
    done
}

async fn carry_out(operator: &Operator, command: &AccountCommand, page: &str) -> Result<(), String> {
    match command {
        AccountCommand::List { words } => {
            for account in operator.list(words).await? {
                say(&line(&account));
            }
        }
        AccountCommand::Create { address, name, role, owner, password_stdin } => {
            let password = password_stdin.then(read_line).transpose()?;
            let role = if *owner { Role::Owner } else { *role };
            let has_password = password.is_some();
            let account = operator.create(address, name.as_deref(), role, password).await?;
            say(&line(&account));
            if !has_password {
                say_link(&operator.reset(address).await?, page);
            }
        }
        AccountCommand::Role { address, role } => {
            say(&line(&operator.change(address, AccountChange::Role(*role)).await?));
        }
        AccountCommand::Suspend { address, lift } => {
            let change = if *lift { AccountChange::Restore } else { AccountChange::Suspend };
            say(&line(&operator.change(address, change).await?));
        }
        AccountCommand::Reopen { address, other } => {
            let is_open = operator.reopen(address, other).await?;
            say(if is_open { "the chat is open" } else { "one has blocked the other, so it stays closed" });
        }
        AccountCommand::SignOut { address } => {
            say(&line(&operator.change(address, AccountChange::SignOut { except: None }).await?));
        }
        AccountCommand::Invite { role, uses, hours } => {
            let link = operator.invite(*role, *uses, *hours).await?;
            say(&format!("{page}{}", paths::join_page(&link.token)));
            say(&format!("by this link {uses} may make an account as {role}, until {}", link.ends_at.0));
        }
        AccountCommand::Invitations => {
            for invitation in operator.invitations().await? {
                let Invitation { id, role, uses, max_uses, ends_at, revoked, .. } = invitation;
                let mark = if revoked { " (revoked)" } else { "" };
                say(&format!("{id:>6} {:<9} {uses}/{max_uses} until {}{mark}", role.as_str(), ends_at.0));
            }
        }
        AccountCommand::Revoke { invitation } => {
            operator.revoke(InvitationId(*invitation)).await?;
            say(&format!("revoked: {invitation}"));
        }
        AccountCommand::Audit { limit } => {
            for entry in operator.audit(*limit).await? {
                let nobody = || "the command line or the server".to_owned();
                let who = entry.actor.map_or_else(nobody, |actor| format!("account {actor}"));
                let whom = entry.target.map(|target| format!(" account {target}")).unwrap_or_default();
                let detail = Some(entry.detail).filter(|detail| !detail.is_empty());
                let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
                say(&format!("{} {who}: {}{whom}{detail}", entry.at.0, entry.action));
            }
        }
        AccountCommand::Reset { address } => say_link(&operator.reset(address).await?, page),
        AccountCommand::RemoveSecondFactor { address } => {
            say(&line(&operator.change(address, AccountChange::RemoveSecondFactor).await?));
        }
        AccountCommand::Delete { address, yes, deleted_messages } => {
            // What can't be done is said before anybody is asked.
            operator.check_deletion(address).await?;
            if !yes {
                if !io::stdin().is_terminal() {
                    return Err("nobody can be asked here: add --yes to delete the account".to_owned());
                }
                say(&format!("delete the account {address} for ever? write yes"));
                if read_line()?.trim() != "yes" {
                    return Err("nothing was deleted".to_owned());
                }
            }
            operator.change(address, AccountChange::Delete { erase: deleted_messages.are_erased() }).await?;
            say(&format!("deleted: {address}"));
        }
    }
    Ok(())
}

fn say_link(link: &Link, page: &str) {
    say(&format!("{page}{}", paths::reset_page(&link.token)));
    say(&format!("by this link a password can be set, once, until {}", link.ends_at.0));
}

fn line(account: &Account) -> String {
    let Account { id, role, email, name, suspended_at, delete_at, recovery_codes, .. } = account;
    let factor = if recovery_codes.is_some() { " (second factor)" } else { "" };
    let suspended = suspended_at.as_ref().map(|at| format!(" (suspended since {})", at.0));
    let deleted = delete_at.as_ref().map(|at| format!(" (is deleted at {})", at.0));
    format!(
        "{id:>6} {role:<9} {email} {name}{factor}{}{}",
        suspended.unwrap_or_default(),
        deleted.unwrap_or_default(),
        role = role.as_str()
    )
}

/// The first line of standard input, without its end.
fn read_line() -> Result<String, String> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| format!("standard input can't be read ({error})"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
