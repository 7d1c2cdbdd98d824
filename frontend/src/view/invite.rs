//! The part of a group's dialog with which its moderator invites people into it by a link.

use causerie_protocol::accounts::Invitation;
use causerie_protocol::{ChatId, Role, paths};
use causerie_texts::{page, say};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::erased::{reactive, submit};
use super::form;
use super::link;
use super::widgets::{alert, button, submit_button};
use crate::api::sentence;
use crate::app::App;

/// The form, once it is known that the user may invite.
pub fn invite(app: App, chat: ChatId) -> AnyView {
    let may = RwSignal::new(false);
    causerie_web::run(async move {
        let api = app.api();
        // What fails shows when it is needed: the dialog is whole without it.
        let by_members = api.installation().await.is_ok_and(|installation| installation.members_invite);
        let by_role = async || api.account().await.is_ok_and(|account| account.role >= Role::Moderator);
        let _ = may.try_set(by_members || by_role().await);
    });
    reactive(move || if may.get() { draw(app, chat) } else { ().into_any() }).into_any()
}

fn draw(app: App, chat: ChatId) -> AnyView {
    let live = RwSignal::new(Vec::new());
    let load = move || {
        causerie_web::run(async move {
            // The form is of use without the list.
            if let Ok(invitations) = app.api().invitations_into(chat).await {
                let _ = live.try_set(invitations);
            }
        });
    };
    load();
    let (error, busy, made) = (RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(None));
    let make = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let body = link::wanted(&form::reader(&event));
        causerie_web::run(async move {
            let problem = match app.api().invite_into(chat, &body).await {
                Ok(new) => {
                    let _ = made.try_set(Some(link::shown(app, &new, paths::join_page)));
                    load();
                    String::new()
                }
                Err(problem) => sentence(problem),
            };
            let _ = error.try_set(problem);
            let _ = busy.try_set(false);
        });
    });
    let list = reactive(move || {
        let row = |invitation: &Invitation| {
            let id = invitation.id;
            let revoke = button("link", Some("revoke-invitation"), say!(Revoke), move |_| {
                causerie_web::run(async move {
                    match app.api().revoke_invitation_into(chat, id).await {
                        Ok(()) => load(),
                        Err(problem) => drop(error.try_set(sentence(problem))),
                    }
                });
            });
            link::row(app, invitation, revoke)
        };
        let rows: Vec<_> = live.with(|live| live.iter().map(row).collect());
        view! { <ul class="people">{rows}</ul> }.into_any()
    });
    let shown = reactive(move || made.get().map_or_else(|| ().into_any(), link::draw));
    page! {
        <form data-testid="invite" on:submit=make>
            <h3>say!(InviteIntoGroup)</h3>
            <label class="field"><span>say!(Role)</span>
                <select name="role">
                    <option value="member">say!(Member)</option>
                    <option value="guest">say!(Guest)</option>
                </select>
            </label>
            {link::bounds()}
            {alert(error)}
            <div class="actions">{submit_button(say!(MakeLink), busy)}</div>
        </form>
        {shown}
        {list}
    }
    .into_any()
}
