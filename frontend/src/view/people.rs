//! Looking after people: who they are and may be, what they reported, invitations, settings, and the audit log.

use causerie_client::Name;
use causerie_protocol::accounts::{Account, AuditEntry, CreateInvitation, Invitation, Link};
use causerie_protocol::rest::ChatRole;
use causerie_protocol::{ChatId, Role, UserId, limits, paths};
use causerie_texts::{page, say};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::dialog::modal;
use super::erased::{click, event, reactive, submit};
use super::installation::installation;
use super::link::{self, Shown};
use super::reports::reports;
use super::widgets::{alert, bdi, button, submit_button};
use super::{Dialog, form};
use crate::api::sentence;
use crate::app::{App, app};
use crate::{browser, time};
use causerie_web::api::{ApiError, Call};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    People,
    Reports,
    Invitations,
    Installation,
    Log,
}

/// What the dialog shows; `None` until it is loaded.
#[derive(Clone, Copy)]
struct Desk {
    app: App,
    tab: RwSignal<Tab>,
    /// The role of who looks.
    role: RwSignal<Role>,
    words: StoredValue<String>,
    people: RwSignal<Option<Vec<Account>>>,
    invitations: RwSignal<Option<Vec<Invitation>>>,
    log: RwSignal<Option<Vec<AuditEntry>>>,
    /// Whether the log may go on.
    log_has_more: RwSignal<bool>,
    /// Whose part of the log is shown; all of it when nobody's.
    log_of: RwSignal<Option<(UserId, String)>>,
    /// A link that was just made, with its whole address.
    link: RwSignal<Option<Shown>>,
    error: RwSignal<String>,
    busy: RwSignal<bool>,
}

pub fn people(dialog: RwSignal<Dialog>) -> AnyView {
    let desk = Desk {
        app: app(),
        tab: RwSignal::new(Tab::People),
        role: RwSignal::new(Role::Moderator),
        words: StoredValue::new(String::new()),
        people: RwSignal::new(None),
        invitations: RwSignal::new(None),
        log: RwSignal::new(None),
        log_has_more: RwSignal::new(false),
        log_of: RwSignal::new(None),
        link: RwSignal::new(None),
        error: RwSignal::new(String::new()),
        busy: RwSignal::new(false),
    };
    causerie_web::run(load(desk));
    let tab = |tab: Tab, testid: &'static str, word: &'static str| {
        let pressed = move || if desk.tab.get() == tab { "true" } else { "false" };
        let choose = click(move |_| {
            desk.log_of.set(None);
            turn_to(desk, tab);
        });
        view! { <button class="button" type="button" data-testid=testid aria-pressed=pressed on:click=choose>{word}</button> }
    };
    let content = page! {
        <div class="stack">
            <div class="tabs">
                {tab(Tab::People, "tab-people", say!(People))}
                {tab(Tab::Reports, "tab-reports", say!(Reports))}
                {tab(Tab::Invitations, "tab-invitations", say!(Invitations))}
                {tab(Tab::Installation, "tab-installation", say!(Installation))}
                {tab(Tab::Log, "tab-log", say!(AuditLog))}
            </div>
            {alert(desk.error)}
            {reactive(move || desk.link.get().map_or_else(|| ().into_any(), link::draw))}
            {reactive(move || match desk.tab.get() {
                Tab::People => people_tab(desk),
                Tab::Reports => reports(desk.app, desk.error),
                Tab::Invitations => invitations_tab(desk),
                Tab::Installation => installation(desk.app, desk.role, desk.error),
                Tab::Log => log_tab(desk),
            })}
        </div>
    };
    modal(say!(People), "people-dialog", move || dialog.set(Dialog::None), content.into_any())
}

fn turn_to(desk: Desk, tab: Tab) {
    desk.tab.set(tab);
    desk.link.set(None);
    desk.error.set(String::new());
    causerie_web::run(load(desk));
}

/// Loads the log, or more of it below what is shown.
async fn load_log(desk: Desk, goes_on: bool) -> Result<(), ApiError> {
    let mut entries = if goes_on { desk.log.get_untracked().unwrap_or_default() } else { Vec::new() };
    let of = desk.log_of.get_untracked().map(|(of, _)| of);
    let more = desk.app.api().audit(of, entries.last().map(|entry| entry.id)).await?;
    let _ = desk.log_has_more.try_set(more.len() == limits::ADMIN_PAGE);
    entries.extend(more);
    let _ = desk.log.try_set(Some(entries));
    Ok(())
}

/// Loads what the open tab shows.
async fn load(desk: Desk) {
    let api = desk.app.api();
    let loaded = async {
        // The dialog may be closed by now.
        match desk.tab.try_get_untracked() {
            Some(Tab::People) => {
                let (mine, people) = (api.account().await?, api.people(&desk.words.get_value()).await?);
                let _ = desk.role.try_set(mine.role);
                let _ = desk.people.try_set(Some(people));
            }
            Some(Tab::Invitations) => {
                let _ = desk.invitations.try_set(Some(api.invitations().await?));
            }
            Some(Tab::Log) => load_log(desk, false).await?,
            // They load what they show by themselves.
            Some(Tab::Reports | Tab::Installation) | None => {}
        }
        Ok::<_, ApiError>(())
    };
    if let Err(problem) = loaded.await {
        let _ = desk.error.try_set(sentence(problem));
    }
}

fn loading() -> AnyView {
    page! { <p class="soft">say!(Loading)</p> }.into_any()
}

fn people_tab(desk: Desk) -> AnyView {
    let find = submit(move |event: SubmitEvent| {
        event.prevent_default();
        desk.words.set_value(form::reader(&event)("q"));
        causerie_web::run(load(desk));
    });
    let words = desk.words.get_value();
    let list = reactive(move || {
        let Some(people) = desk.people.get() else { return loading() };
        if people.is_empty() {
            return page! { <p class="soft">say!(NothingFound)</p> }.into_any();
        }
        let rows: Vec<_> = people.iter().map(|account| person(desk, account)).collect();
        view! { <ul class="people">{rows}</ul> }.into_any()
    });
    page! {
        <form class="find" role="search" on:submit=find>
            <input name="q" type="search" aria-label=say!(FindPeople) placeholder=say!(FindPeople) prop:value=words />
            <button class="button" type="submit">say!(Search)</button>
        </form>
        {list}
    }
    .into_any()
}

fn person(desk: Desk, account: &Account) -> AnyView {
    let (id, name) = (account.id, Name::new(&account.name));
    let me = desk.app.user.get_untracked().is_some_and(|me| me.id == id);
    let mine = desk.role.get();
    let is_below = !me && (account.role < mine || mine == Role::Owner);
    let suspended = account.suspended_at.is_some();
    let role = if mine == Role::Owner {
        role_choice(desk, id, &name, account.role)
    } else {
        link::role_word(account.role).into_any()
    };
    let mark = suspended.then(|| page! { <span class="soft">" · " say!(IsSuspended)</span> });
    let actions = is_below.then(|| {
        let sure = say!(SuspendSure, name = name);
        let suspend = if suspended {
            button("link", Some("restore"), say!(Restore), move |_| act(desk, id, "restore"))
        } else {
            button("link", Some("suspend"), say!(Suspend), move |_| {
                if browser::confirm(&sure) {
                    act(desk, id, "suspend");
                }
            })
        };
        let sure = say!(SignOutSure, name = name);
        let sign_out = button("link", Some("sign-out-everywhere"), say!(SignOutEverywhere), move |_| {
            if browser::confirm(&sure) {
                act(desk, id, "sign-out");
            }
        });
        let reset = (mine == Role::Owner).then(|| {
            button("link", Some("reset-link"), say!(ResetLink), move |_| {
                causerie_web::run(make_link(desk, desk.app.api().reset_link(id), paths::reset_page));
            })
        });
        view! { {suspend}{sign_out}{reset} }
    });
    let whose = name.to_string();
    let log = button("link", Some("log-of"), say!(AuditLog), move |_| {
        desk.log_of.set(Some((id, whose.clone())));
        turn_to(desk, Tab::Log);
    });
    view! {
        <li data-testid="person">
            <div class="who"><strong>{bdi(&name)}</strong><span class="soft"><bdi>{account.email.clone()}</bdi>{mark}</span></div>
            {role}
            <div class="actions">{actions}{log}</div>
        </li>
    }
    .into_any()
}

fn role_options(chosen: Role, most: Role) -> Vec<AnyView> {
    let roles = Role::ALL.into_iter().filter(|role| *role <= most);
    let option = |role: Role| {
        view! { <option value=role.as_str() selected=role == chosen>{link::role_word(role)}</option> }
            .into_any()
    };
    roles.map(option).collect()
}

fn role_choice(desk: Desk, id: UserId, name: &Name, role: Role) -> AnyView {
    let choose = event(move |event| {
        if let Ok(role) = event_target_value(&event).parse() {
            causerie_web::run(async move { changed(desk, desk.app.api().set_role(id, role).await).await });
        }
    });
    let label = say!(RoleOf, name = name);
    view! { <select aria-label=label on:change=choose>{role_options(role, Role::Owner)}</select> }.into_any()
}

/// Sends a change of an account and shows the result.
fn act(desk: Desk, id: UserId, action: &'static str) {
    causerie_web::run(async move { changed(desk, desk.app.api().act_on(id, action).await).await });
}

async fn changed(desk: Desk, answer: Result<Account, ApiError>) {
    // Also after a failure: the choice that was made in the page is not what the server has.
    let problem = answer.err().map(sentence).unwrap_or_default();
    let _ = desk.people.try_set(None);
    load(desk).await;
    if !problem.is_empty() {
        let _ = desk.error.try_set(problem);
    } else {
        let _ = desk.error.try_set(String::new());
    }
}

async fn make_link(desk: Desk, call: Call<Link>, page: fn(&str) -> String) {
    let _ = desk.error.try_set(String::new());
    match call.await {
        Ok(link) => {
            let _ = desk.link.try_set(Some(link::shown(desk.app, &link, page)));
            load(desk).await;
        }
        Err(problem) => drop(desk.error.try_set(sentence(problem))),
    }
    let _ = desk.busy.try_set(false);
}

fn invitations_tab(desk: Desk) -> AnyView {
    let groups = desk.app.peek(|client| {
        let chats = client.chats();
        let groups = chats.iter().filter(|chat| !chat.is_direct() && chat.role() >= ChatRole::Moderator);
        groups.map(|chat| (chat.id(), client.title(chat, &browser::fold))).collect::<Vec<_>>()
    });
    let groups: Vec<_> = groups
        .into_iter()
        .map(|(id, title)| view! { <option value=id.to_string()>{title.alone().to_owned()}</option> })
        .collect();
    let make = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if desk.busy.get_untracked() {
            return;
        }
        desk.busy.set(true);
        let field = form::reader(&event);
        let chats = field("chat").parse().map(ChatId).into_iter().collect();
        let body = CreateInvitation { chats, ..link::wanted(&field) };
        causerie_web::run(make_link(desk, desk.app.api().invite(&body), paths::join_page));
    });
    let roles = reactive(move || {
        view! { <select name="role">{role_options(Role::Member, desk.role.get())}</select> }.into_any()
    });
    let list = reactive(move || {
        let Some(invitations) = desk.invitations.get() else { return loading() };
        let rows: Vec<_> = invitations.iter().map(|invitation| invitation_row(desk, invitation)).collect();
        view! { <ul class="people">{rows}</ul> }.into_any()
    });
    page! {
        <form data-testid="invite" on:submit=make>
            <h3>say!(InviteNew)</h3>
            <label class="field"><span>say!(Role)</span>{roles}</label>
            {link::bounds()}
            <label class="field">
                <span>say!(GroupOfLink)</span>
                <select name="chat"><option value="">say!(NoGroup)</option>{groups}</select>
            </label>
            <div class="actions">{submit_button(say!(MakeLink), desk.busy)}</div>
        </form>
        {list}
    }
    .into_any()
}

fn invitation_row(desk: Desk, invitation: &Invitation) -> AnyView {
    let id = invitation.id;
    let end = if invitation.revoked {
        page! { <span class="soft">say!(InvitationRevoked)</span> }.into_any()
    } else {
        button("link", Some("revoke-invitation"), say!(Revoke), move |_| {
            causerie_web::run(async move {
                match desk.app.api().revoke_invitation(id).await {
                    Ok(()) => load(desk).await,
                    Err(problem) => drop(desk.error.try_set(sentence(problem))),
                }
            });
        })
    };
    link::row(desk.app, invitation, end)
}

fn log_tab(desk: Desk) -> AnyView {
    let list = reactive(move || {
        let Some(entries) = desk.log.get() else { return loading() };
        let rows: Vec<_> = entries.iter().map(|entry| log_row(desk.app, entry)).collect();
        let more = desk.log_has_more.get().then(|| {
            button("button", Some("more-log"), say!(OlderEntries), move |_| {
                causerie_web::run(async move {
                    if let Err(problem) = load_log(desk, true).await {
                        let _ = desk.error.try_set(sentence(problem));
                    }
                });
            })
        });
        view! { <ul class="people" data-testid="log">{rows}</ul>{more} }.into_any()
    });
    let whose = desk.log_of.get_untracked().map(|(_, name)| {
        let all = button("link", Some("whole-log"), say!(WholeLog), move |_| {
            desk.log_of.set(None);
            // The tab is drawn again.
            desk.tab.set(Tab::Log);
            causerie_web::run(load(desk));
        });
        view! { <p>{say!(LogOf, name = name)}" "{all}</p> }
    });
    view! { {whose}{list} }.into_any()
}

fn log_row(app: App, entry: &AuditEntry) -> AnyView {
    let at = app.clock(|clock| clock.full(time::millis(&entry.at)));
    let actor = entry
        .actor_name
        .as_deref()
        .map_or_else(|| say!(Nobody).to_owned(), |name| Name::new(name).to_string());
    let target = entry.target_name.as_deref().map(Name::new).unwrap_or_default();
    let detail =
        entry.detail.parse().map_or_else(|_| entry.detail.clone(), |role| link::role_word(role).to_owned());
    let what = match entry.action.as_str() {
        "role" => say!(DidRole, target = target, detail = detail),
        "suspended" => say!(DidSuspend, target = target),
        "restored" => say!(DidRestore, target = target),
        "signed_out" => say!(DidSignOut, target = target),
        "joined" => say!(DidJoin, target = target),
        "invited" => say!(DidInvite, detail = detail),
        "invitation_revoked" => say!(DidRevoke).to_owned(),
        "reset_link" => say!(DidReset, target = target),
        "password" => say!(DidPassword, target = target),
        "second_factor_on" => say!(DidFactorOn, target = target),
        "second_factor_off" => say!(DidFactorOff, target = target),
        "email" => say!(DidEmail, target = target),
        "deleted" => say!(DidDelete, target = target),
        "blocked" => say!(DidBlock, target = target),
        "unblocked" => say!(DidUnblock, target = target),
        "reported" => say!(DidReport, target = target, detail = detail),
        "report_closed" => say!(DidCloseReport, target = target, detail = detail),
        "message_deleted" => say!(DidDeleteMessage, target = target, detail = detail),
        "reopened" => say!(DidReopen, target = target, detail = detail),
        "registration" => say!(DidRegistration, detail = detail),
        "group_role" => say!(DidGroupRole, target = target, detail = detail),
        "removed_from_group" => say!(DidRemove, target = target, detail = detail),
        "invited_to_groups" => say!(DidInviteToGroups, target = target),
        action => say!(DidOther, action = action, target = target),
    };
    view! { <li><div class="who"><span>{actor}" "{what}</span><span class="soft">{at}</span></div></li> }
        .into_any()
}
