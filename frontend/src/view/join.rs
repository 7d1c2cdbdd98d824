//! The dialog for somebody who has an account and opens an invitation: it brings them to its groups.

use causerie_client::{Input, Name};
use causerie_protocol::accounts::InvitationInfo;
use causerie_texts::say;
use leptos::prelude::*;

use super::Dialog;
use super::dialog::modal;
use super::erased::reactive;
use super::widgets::{alert, button};
use crate::api::sentence;
use crate::app::{App, app};
use crate::route::{self, Link};

pub fn join(dialog: RwSignal<Dialog>) -> AnyView {
    let app = app();
    let Some(Link::Join(secret)) = route::link() else { return ().into_any() };
    // The secret is nothing for the address any more; a reload asks for the link again.
    route::replace(route::current());
    let error = RwSignal::new(String::new());
    let invited = RwSignal::new(None);
    let secret = StoredValue::new(secret);
    causerie_web::run(async move {
        match app.api().look_at_invitation(secret.get_value()).await {
            Ok(info) => drop(invited.try_set(Some(info))),
            Err(problem) => drop(error.try_set(sentence(problem))),
        }
    });
    let content = reactive(move || {
        let Some(info) = invited.get() else { return ().into_any() };
        let words = match info {
            InvitationInfo { invited_by: Some(name), .. } => {
                say!(InvitesToGroups, name = Name::new(&name))
            }
            _ => say!(InvitedToGroups).to_owned(),
        };
        let accept = button("button main", Some("join-groups"), say!(JoinGroups), move |_| {
            causerie_web::run(send(app, secret.get_value(), dialog, error));
        });
        view! { <p>{words}</p><div class="actions">{accept}</div> }.into_any()
    });
    let content = view! { <div class="stack">{alert(error)}{content}</div> };
    modal(say!(Invitation), "join-dialog", move || dialog.set(Dialog::None), content.into_any())
}

async fn send(app: App, secret: String, dialog: RwSignal<Dialog>, error: RwSignal<String>) {
    let api = app.api();
    let joined = async {
        let joined = api.join_groups(secret).await?;
        match joined.chats.first() {
            Some(chat) => api.chat(*chat).await.map(Some),
            None => Ok(None),
        }
    };
    match joined.await {
        Ok(Some(chat)) => {
            let id = chat.id;
            app.dispatch(Input::ChatLoaded(Box::new(chat)));
            app.go(Some(id));
            let _ = dialog.try_set(Dialog::None);
        }
        Ok(None) => drop(error.try_set(say!(NoGroupOfInvitation).to_owned())),
        Err(problem) => drop(error.try_set(sentence(problem))),
    }
}
