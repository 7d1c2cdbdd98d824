//! The dialog with who is in a group: roles, removing somebody, and what new people see.

use causerie_client::{Invalidation, Name};
use causerie_protocol::rest::{ChatRole, Participant, UpdateChat, UpdateParticipant};
use causerie_protocol::{ChatId, UserId};
use causerie_texts::{page, say};
use causerie_web::api::{Api, ApiError};
use leptos::prelude::*;

use super::dialog::modal;
use super::erased::{click, event, reactive};
use super::invite::invite;
use super::widgets::{alert, bdi};
use crate::api::sentence;
use crate::app::App;
use crate::browser;

/// What somebody with a role may do, and to whom.
#[derive(Clone, Copy)]
struct Hands {
    app: App,
    chat: ChatId,
    me: UserId,
    role: ChatRole,
    error: RwSignal<String>,
}

pub fn members(app: App, chat: ChatId, on_close: impl Fn() + 'static) -> AnyView {
    let error = RwSignal::new(String::new());
    let Some(me) = app.user.get_untracked() else { return ().into_any() };
    let list = reactive(move || {
        app.read(Invalidation::Chat(chat), |client| {
            let Some(chat_entry) = client.chat(chat) else { return ().into_any() };
            let people = chat_entry.people(&browser::fold);
            let hands = Hands { app, chat, me: me.id, role: chat_entry.role(), error };
            let rows: Vec<_> = chat_entry
                .chat
                .participants
                .iter()
                .map(|one| draw(hands, one, &people.whole(&one.user)))
                .collect();
            let past = (hands.role == ChatRole::Owner).then(|| sees_past(hands, !chat_entry.chat.hides_past));
            view! { <ul class="signs">{rows}</ul>{past} }.into_any()
        })
    });
    // Outside of the list, which is drawn again when a participant joins or leaves: the form keeps its values.
    let moderates =
        app.peek(|client| client.chat(chat).is_some_and(|chat| chat.role() >= ChatRole::Moderator));
    let links = moderates.then(|| invite(app, chat));
    let content = view! { <div class="stack">{alert(error)}{list}{links}</div> };
    modal(say!(GroupPeople), "people-dialog", on_close, content.into_any())
}

/// Calls the API; the result comes as an event, for this page as for all others.
fn change(hands: Hands, call: impl AsyncFnOnce(Api) -> Result<(), ApiError> + 'static) {
    causerie_web::run(async move {
        let detail = call(hands.app.api()).await.err().map(sentence);
        let _ = hands.error.try_set(detail.unwrap_or_default());
    });
}

fn role_name(role: ChatRole) -> &'static str {
    match role {
        ChatRole::Member => say!(GroupMember),
        ChatRole::Moderator => say!(GroupModerator),
        ChatRole::Owner => say!(GroupOwner),
    }
}

fn draw(hands: Hands, one: &Participant, name: &Name) -> AnyView {
    let (id, role) = (one.user.id, one.role);
    let role = if hands.role == ChatRole::Owner {
        choose_role(hands, id, role, name)
    } else {
        view! { <span class="soft">{role_name(role)}</span> }.into_any()
    };
    let may_remove = id != hands.me
        && (hands.role == ChatRole::Owner || hands.role == ChatRole::Moderator && one.role < hands.role);
    let remove = may_remove.then(|| {
        let asked = say!(AskRemovePerson, name = name);
        let remove = click(move |_| {
            if browser::confirm(&asked) {
                change(hands, async move |api| api.remove(hands.chat, id).await);
            }
        });
        let label = say!(RemoveNamed, name = name);
        page! { <button class="link" type="button" data-testid="remove-person" aria-label=label on:click=remove>say!(RemovePerson)</button> }
    });
    view! { <li><span>{bdi(name)}</span><span>{role}{remove}</span></li> }.into_any()
}

fn choose_role(hands: Hands, user: UserId, current: ChatRole, name: &Name) -> AnyView {
    let choose = event(move |event| {
        let role = ChatRole::from_name(&event_target_value(&event));
        change(hands, async move |api| {
            api.set_chat_role(hands.chat, user, &UpdateParticipant { role }).await
        });
    });
    let options: Vec<_> = ChatRole::ALL
        .into_iter()
        .map(|role| {
            let selected = role == current;
            view! { <option value=role.as_str() selected=selected>{role_name(role)}</option> }
        })
        .collect();
    let label = say!(RoleOf, name = name);
    view! { <select data-testid="role" aria-label=label on:change=choose>{options}</select> }.into_any()
}

fn sees_past(hands: Hands, sees: bool) -> AnyView {
    let toggle = event(move |event| {
        let hides_past = Some(!event_target_checked(&event));
        change(hands, async move |api| {
            api.update_chat(hands.chat, &UpdateChat { hides_past, ..UpdateChat::default() }).await
        });
    });
    page! { <label class="check"><input type="checkbox" data-testid="sees-past" prop:checked=sees on:change=toggle />say!(SeesPast)</label> }
        .into_any()
}
