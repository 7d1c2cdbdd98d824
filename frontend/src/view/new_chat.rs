//! Starting a chat, with one person or several.

use causerie_client::Input;
use causerie_protocol::ChatTitle;
use causerie_protocol::rest::{CreateChat, UserRef};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::Dialog;
use super::dialog::Modal;
use super::form;
use crate::app::app;

/// The dialog that starts a chat.
#[component]
pub fn NewChat(dialog: RwSignal<Option<Dialog>>) -> impl IntoView {
    let app = app();
    let several = RwSignal::new(false);
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let field = form::reader(&event);
        let participants: Vec<_> =
            emails(&field("email")).map(|email| UserRef::Email(email.to_owned())).collect();
        let title = ChatTitle::new(field("title").trim()).ok();
        busy.set(true);
        error.set(String::new());
        let api = app.api();
        spawn_local(async move {
            match api.create_chat(&CreateChat { participants, title }).await {
                Ok(chat) => {
                    let id = chat.id;
                    app.dispatch(Input::ChatLoaded(Box::new(chat)));
                    app.go(Some(id));
                    let _ = dialog.try_set(None);
                }
                Err(problem) => {
                    let _ = error.try_set(problem.detail);
                    let _ = busy.try_set(false);
                }
            }
        });
    };
    let count = move |event| several.set(emails(&event_target_value(&event)).count() > 1);
    view! {
        <Modal title="New chat" name="new-chat-dialog" on_close=Callback::new(move |()| dialog.set(None))>
            <form on:submit=submit>
                <label class="field">
                    <span>"E-mail"</span>
                    <input name="email" type="email" multiple required autocomplete="off" on:input=count />
                    <small>"Somebody who has an account here; for a group several, with commas between."</small>
                </label>
                <label class="field" hidden=move || !several.get()>
                    <span>"Title of the group"</span>
                    <input name="title" type="text" maxlength="200" autocomplete="off" />
                    <small>"Without one it is called by who is in it."</small>
                </label>
                <p class="alert" role="alert">{move || error.get()}</p>
                <div class="actions">
                    <button class="button main" type="submit" disabled=move || busy.get()>"Start the chat"</button>
                </div>
            </form>
        </Modal>
    }
}

fn emails(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|email| !email.is_empty())
}
