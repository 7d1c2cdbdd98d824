//! `docs/CONFIGURATION.md`, made from the options' definitions.

use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory};

use super::Cli;

const HEAD: &str = "\
<!-- Made from the options by `cargo run -p causerie-server --example configuration`; a test holds it current. -->
# Configuration

Every option of `causerie serve` is an environment variable too, and a file `.env` in the current folder is read.
An option wins over a variable, a variable over `.env`, and `.env` over the default.
A setting that can't be used ends the program with one sentence that names it and the remedy.

";

const FOOT: &str = r#"
A flag's variable is on unless it is empty, `0`, `false`, `no` or `off`.

## Start and end

The server prints `listening on http://ADDRESS:PORT` to standard output as soon as it serves; its log goes to standard error.
SIGINT and SIGTERM end it in order: new sockets are refused, the others are told to come back, what was taken is stored, and it exits with 0.
A second signal ends it at once.

## Connections

A client has `--head-timeout` for the head of a request, `--body-timeout` for its body, and `--idle-timeout` until the next one; an answer that nobody takes for `--idle-timeout` ends the connection too.
Sockets have their heartbeat instead.
The limit of open files is raised as far as the system allows, and some of them are kept for the database.
When the others are used up, a new connection takes the place of one that waits for its client: first one that sent no whole request for a second or more, then one that is kept for its next request.
Sockets and requests that are being worked on are never ended for that; then the new connection gets 503 with the code `full`, and `/healthz`, `/readyz` and `/metrics` are still answered.

## Guessing passwords

What refuses somebody names their own network, so that a stranger can't lock a person out: an IPv4 address, or the /64 network of an IPv6 address, as the connection or a trusted proxy tells it.

- Ten wrong passwords within a minute for one account from one network: further ones from there get 429 until the minute is over. From elsewhere the account can be signed in to as before.
- `--max-sign-ins-per-minute-per-address` and `--max-registrations-per-minute-per-address`, whatever the account.
- Passwords are hashed in four queues, so that none holds up the others: sign-ins from a network from which that account was signed in to since the server started, other sign-ins, registrations, and the last of these rules. A queue holds 256; beyond that the answer is 503.
- Where a trusted proxy names no client, or none that makes sense, nobody's network is known, and nothing is refused for it: after ten wrong passwords within a minute for an account, further ones are looked at one at a time, with a pause, in a queue of their own. The right one still signs in; a wrong one gets 429. Let the proxy write `X-Forwarded-For` or `Forwarded` to have the other rules.

## People who do not know each other

With `--new-chats direct`, for a team, whoever knows the exact e-mail address of a person starts a chat with them.
With `--new-chats requests`, for an app of strangers, that person accepts first.
Until then the chat stands under "Requests", counts as nothing unread, and neither of the two sees whether the other is online, writes or has read; who asked may send three messages.
An answer accepts too, and so does asking back.
Deleting a request ends it, and blocking closes it: who asked sees a chat that has ended.
Groups take only people that who adds them shares a chat with.
Requests that wait stay requests when the setting is changed.
A client that knows nothing of requests shows one as any other chat: the first message that its user writes accepts it.

Where no mail is set up, whether an address has an account can be found out by trying it, as the chat starts or does not.
Where it is set up (`--smtp-url`), that can't be found out: with either `--new-chats`, who starts a chat by the address of somebody they share no chat with is told that the person was asked, whoever that is.
Who has an account finds the request under "Requests", without a message; who started it has the chat, and can write in it, once it is accepted, and is told nothing if it is not.
Who has none gets an invitation by mail, if who started it may invite (`--who-invites`) and accounts can be made (`--registration`): a link to an account and to a chat with that person, valid for a week.
An address gets one such mail a day at most, from all people together; each person's count as invitations (`--max-invitations-per-day-per-user`) and as chats with strangers (`--max-new-chats-per-day-per-user`).
Groups then take only people that who adds them shares a chat with.

Who is unknown, suspended, or has blocked the person who asks, is the same answer in every way; how many addresses somebody tries is limited by `--max-addresses-per-hour-per-user` and `--max-addresses-per-hour-per-address`, and addresses of people one shares a chat with do not count.
Without mail a registration tells whether an address has an account, by "exists already", which counts for the network.
With mail it is answered alike for every address, and a mail says what is so: that there is an account, or by which link it is made, with a name and a password, within a day. The server's own link to the first owner's account needs no mail.

These limits count in the memory of one server: of several nodes each has its own, and a restart begins anew.

`--words` names a list such as

```text
darn
full moon
```

With `--words-action mask` "Dárn, a FULL moon!" is stored as "••••, a •••• ••••!", which its sender sees as well; with `hold` it is refused, and the page keeps it for its sender to change.
Edits are checked like messages; titles and names are not.
The list is read at the start, so a changed one counts after a restart, and for what is written from then on.

## Who may come, and who looks after people

Somebody is in the installation as its owner, as a moderator, as a member, or as a guest of an invitation, who takes part in chats and starts none.
Where nobody owns it yet, each start prints a link by which one person registers as the owner; `causerie account create ADDRESS --owner` makes one too, and with `--registration open` the first who registers is it.
An installation of a version without roles gets its first account as the owner when it starts; to name another one, run `causerie account role ADDRESS owner` before that.
The last owner can't be demoted, suspended or deleted.
An owner may decide at the page, under "People", who may make an account; that is stored, counts on every server at once, and comes before `--registration` until it is taken back there.

With `--registration invited` people come by an invitation of a moderator or an owner, or with `--who-invites members` of a member: a link with an end, a number of uses, a role not above the inviter's, and groups that they are added to, in each of which the inviter is a moderator or the owner.
Somebody who has an account and opens it joins its groups.
It is shown once, and only its SHA-256 is stored; the secret stands behind the `#` of the link, which browsers send to no server.
A link to set a new password works in the same way, once, within thirty minutes.

```sh
causerie account list
causerie account create ana@example.org --owner
causerie account role ben@example.org moderator
causerie account suspend ben@example.org
causerie account suspend --lift ben@example.org
causerie account reopen ana@example.org ben@example.org
causerie reports list
causerie reports show 7
causerie reports close 7 --action suspended --note "third time"
causerie account reset ben@example.org
causerie account sign-out ben@example.org
causerie account invite --role guest --uses 5 --hours 24
causerie account invitations
causerie account revoke 3
causerie account audit
causerie account remove-second-factor ben@example.org
causerie account delete ben@example.org
```

With `--smtp-url`, `--mail-from` and `--public-url` people ask for that link by themselves: it comes by mail, at most three times an hour, and the answer is the same for an address without an account.
Then another e-mail address also counts only once a link is confirmed that is sent to it; the address before is told, and whether the new one has an account already is not.
Without mail an address is changed at once, with the password.

What people report is for the moderators, who find it at the page under "People", and for `causerie reports`: nobody sees more of a chat there than a report copied.
Who closes a report first decides, and the message is deleted, or the person suspended, in the same step.

These work beside a running server, over a SQLite file too, and whoever is suspended or deleted loses their sockets within two seconds; by the page or the API it is at once.
Beside a server over a SQLite file a chat that was opened again, and a message that was deleted, show on pages that are open once they connect again, or with the next message there.
They read `DATABASE_URL` and `.env` as the server does, or take `--database-url`; links begin with `--public-url`, or with the address of the server that has the SQLite file, or had it last.
What was done to whom, by whom and when, stands in the audit log, which only grows; the page shows it under "People", and `GET /api/admin/audit/` too.

## Second factors

Everybody may set up a second factor in the settings: an authenticator app (TOTP, RFC 6238) makes a code, which is asked for after the right password.
A code is taken once, thirty seconds early or late.
After five wrong ones in a row an account waits for half a minute before another code is looked at, then twice as long after each, at most six hours; the right one, and another password, clear that.
Ten recovery codes are shown once; each stands for one code, and does not wait.

`--require-2fa owners` (or `moderators`, `everybody`) asks for one: whoever needs one and has none can sign in only to set it up; a socket that is open at that moment stays until it ends.
Who lost the device and the recovery codes asks whoever runs the server: `causerie account remove-second-factor ADDRESS`.
A link to set a new password does not take the second factor away.

The database holds the secret of each second factor as it is, since the server makes the codes itself: who can read the database, or a backup of it, can make them too, and needs the password besides.
Of recovery codes only the SHA-256 is stored.

## Deleted accounts

Who deletes their account has a week to sign in again and keep it; then, or at once by an owner or the command line, the name, the address, the password and the second factor are taken away, for ever.
With `--deleted-messages keep` the messages stay, as those of a deleted account.
With `--deleted-messages erase` the server erases their texts, also in chats that the person left, in steps that hold up nobody: each is an event of its chat, as if its sender had deleted it, so pages show it at once or when they connect again.
The choice counts at the moment of the deletion; titles of groups, and the copies that reports took for the moderators, stay in any case.

## The database

At the start a line of the log says which database it is, by its full path or its address, whether it was made or opened, and how many accounts it holds.
`sqlite:PATH` may carry the options of other programs where they say what Causerie does anyway, such as `?mode=rwc`; another one is named and refused.
Postgres is reached by a host or by the folder of its Unix socket: `postgres:///causerie?host=/var/run/postgresql`.
A pooler before it has to keep sessions: with PgBouncer `pool_mode = session`; one that gives each transaction another session is found out at the start, and refused.

One server at a time has a SQLite file, whatever the name that it is opened by: a second one ends with a sentence that names the process and the address of the first, and a crash leaves the file free.
The file, SQLite's `-wal` and `-shm` beside it, and backups can be read by their owner alone (mode 0600), whatever the mask; wider modes are taken away at the start.
`PATH-run` is the server's own note of which process has the file, and how far it got; leave it where it is.
While the file of the name is not the one that the server opened, since it was moved, replaced or deleted, `/readyz` answers 503 and nothing is stored.

Several servers over one Postgres database need one Redis (`USE_REDIS`).
Without it, or with two of them, they go on serving, and nothing is lost: each sees the others by their connections to the database and reads their messages from there every two seconds.
What does not pass between them is presence, typing, and chats that are new or that somebody was added to, which come with the next load of the list.
The log, `/readyz` (`"bus":false,"unheard":true`, and a sentence) and the doctor (`nodes_unheard`) say so.

## Backups

```sh
causerie backup /var/backups/causerie-$(date +%F).db
causerie restore /var/backups/causerie-2026-11-27.db
```

`causerie backup FILE` writes one state of a SQLite database, while it is served or not, verifies it, and gives it its name only then; a file that is there already is left alone.
`causerie restore FILE` puts it back: stop the server first.
The backup is verified, renamed over the database in one step, and the database that was there is kept beside it as `PATH.before-restore-TIME`.
Both read `DATABASE_URL` and `.env` as the server does, or take `--database-url`.

Pages resume by their position in a log, and a log that was put back has other messages at those positions.
So it gets a new epoch, the name of its history, and every page loads its chats afresh.
`causerie restore` gives it; a server gives it by itself, with a line in the log, when it starts over a backup, a copy, or a file that is older than the one it wrote last, by the note in `PATH-run`.
It can't see that a whole machine went back to a snapshot, or that a Postgres database was put back; then, with every server stopped:

```sh
causerie renew-epoch
```

For Postgres, with every server stopped before `pg_restore`:

```sh
pg_dump --format=custom --file=causerie.dump "$DATABASE_URL"
pg_restore --clean --if-exists --exit-on-error --single-transaction --dbname="$DATABASE_URL" causerie.dump
causerie renew-epoch
```

## Moving to another database

`causerie migrate-db` moves an installation, for example from a SQLite file to Postgres, and in the other direction too.
Stop the server first; the command refuses databases that are in use.

"#;

const MOVED: &str = "
Accounts, sign-ins, chats, messages with their ids and positions, and read positions move, so that people stay signed in and their pages resume where they were.
All of it is written in one transaction, read back row by row and compared, and only then committed: a run that is broken off leaves the target empty, and can be repeated.
A target that holds another installation is refused; one that holds this installation already is compared and left as it is.
Postgres can't hold the character U+0000 in titles; there it becomes U+FFFD.
";

/// The page, as Markdown.
#[must_use]
pub fn markdown() -> String {
    let command = Cli::command();
    [HEAD, &table(&command, "serve"), FOOT, &table(&command, "migrate-db"), MOVED].concat()
}

/// The options of a command, as a table.
fn table(command: &Command, name: &str) -> String {
    let options = command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
    let head = "| option | variable | default | what it is |\n|---|---|---|---|\n";
    [head.to_owned()].into_iter().chain(options.filter_map(row)).collect()
}

/// `None` for what has no variable, which is `--help` and `--version`.
fn row(arg: &Arg) -> Option<String> {
    let variable = arg.get_env()?.to_string_lossy().into_owned();
    let short = arg.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let long = arg.get_long()?;
    let is_flag = !arg.get_action().takes_values();
    let values = arg.get_possible_values();
    let value = if is_flag {
        String::new()
    } else if values.is_empty() {
        let names = arg.get_value_names().unwrap_or_default();
        format!(" {}", names.first().map_or("VALUE", |name| name.as_str()))
    } else {
        format!(" {}", values.iter().map(PossibleValue::get_name).collect::<Vec<_>>().join("\\|"))
    };
    let default = match arg.get_default_values() {
        [value] if !is_flag => format!("`{}`", value.to_string_lossy()),
        _ => "–".to_owned(),
    };
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("| {short}`--{long}{value}` | `{variable}` | {default} | {help} |\n"))
}
