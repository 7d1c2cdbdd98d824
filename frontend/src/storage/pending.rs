//! Pending messages, reactions and deletions in IndexedDB, so that a reload or a closed tab loses none.
//!
//! Each belongs to one tab, which sends it. A tab that starts or becomes visible takes over those whose tab is gone.
//! Two tabs that take over the same one do no harm: the server recognises it by its `client_id`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use causerie_client::sorted::sort_by;
use causerie_client::{KeptChange, PendingMessage};
use causerie_protocol::{ClientId, UserId, read_fields};
use causerie_web::{storage, window};
use js_sys::{Array, Function, Promise};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode};

use crate::browser;

const STORE: &str = "outbox";

/// A pending message and the tab that sends it.
#[derive(Serialize)]
struct StoredMessage {
    tab: String,
    message: PendingMessage,
}

read_fields! {
    StoredMessage { "tab" => tab: required, "message" => message: required }
}

/// A reaction or a deletion that waits, and the tab that sends it.
#[derive(Serialize)]
struct StoredChange {
    tab: String,
    change: KeptChange,
}

read_fields! {
    StoredChange { "tab" => tab: required, "change" => change: required }
}

/// The pending messages of this browser; without IndexedDB none are stored.
#[derive(Clone)]
pub struct PendingStorage {
    tab: Rc<str>,
    state: Rc<RefCell<State>>,
    /// Whether the browser refused to store a message, for example because its storage is full.
    refused: Rc<Cell<bool>>,
    /// Sets `refused`.
    refuse: Function,
    opened: Promise,
}

enum State {
    /// Not open yet; these changes are made then, in order.
    Opening(Vec<Change>),
    Open(IdbDatabase),
    Unavailable,
}

enum Change {
    /// What is stored under a key, as JSON.
    Put(String, String),
    Delete(String),
}

impl PendingStorage {
    /// Opens the database for the tab with this id; changes that come meanwhile are made then.
    pub fn open(tab: &str) -> Self {
        browser::hold_lock(&lock_name(tab));
        let state = Rc::new(RefCell::new(State::Opening(Vec::new())));
        let refused = Rc::new(Cell::new(false));
        let noted = Rc::clone(&refused);
        let refuse = Closure::<dyn Fn()>::new(move || noted.set(true)).into_js_value().unchecked_into();
        let storage =
            Self { tab: tab.into(), state, refused, refuse, opened: Promise::resolve(&JsValue::UNDEFINED) };
        let opening = storage.clone();
        let opened = future_to_promise(async move {
            let database = open_database().await;
            opening.become_open(database);
            Ok(JsValue::UNDEFINED)
        });
        Self { opened, ..storage }
    }

    /// Waits until the browser has opened the database, or refused to.
    pub async fn opened(&self) {
        // The promise never rejects.
        let _ = JsFuture::from(self.opened.clone()).await;
    }

    fn become_open(&self, database: Option<IdbDatabase>) {
        let next = database.map_or(State::Unavailable, State::Open);
        let before = self.state.replace(next);
        if let State::Opening(changes) = before {
            for change in changes {
                self.apply(change);
            }
        }
    }

    /// Stores a message; it replaces the one with the same `client_id`.
    pub fn put(&self, message: PendingMessage) {
        let key = message.client_id.to_string();
        self.put_json(key, &StoredMessage { tab: self.tab.to_string(), message });
    }

    pub fn delete(&self, client_id: &ClientId) {
        self.apply(Change::Delete(client_id.to_string()));
    }

    /// Stores a reaction or a deletion; it replaces the one with the same key.
    pub fn put_change(&self, change: KeptChange) {
        self.put_json(change.key(), &StoredChange { tab: self.tab.to_string(), change });
    }

    pub fn delete_change(&self, key: &str) {
        self.apply(Change::Delete(key.to_owned()));
    }

    fn put_json(&self, key: String, stored: &impl Serialize) {
        let json = serde_json::to_string(stored).expect("it has only string keys");
        self.apply(Change::Put(key, json));
    }

    /// The user's messages and changes that this tab has to send: its own from before, and those whose tab is gone.
    pub async fn adopt(&self, user: UserId) -> (Vec<PendingMessage>, Vec<KeptChange>) {
        let alive = browser::held_locks().await;
        let (mut adopted, mut changes) = (Vec::new(), Vec::new());
        let is_orphan = |tab: &str| *tab == *self.tab || !alive.contains(&lock_name(tab));
        let texts = self.all().await;
        for StoredChange { tab, change } in read::<StoredChange>(&texts) {
            if change.owner == user && is_orphan(&tab) {
                if tab != *self.tab {
                    self.put_change(change.clone());
                }
                changes.push(change);
            }
        }
        for stored in read::<StoredMessage>(&texts) {
            let orphan = is_orphan(&stored.tab);
            if stored.message.owner == user && orphan {
                // A message of this tab may be acknowledged by now: it must not be stored again.
                if stored.tab != *self.tab {
                    self.put(stored.message.clone());
                }
                adopted.push(stored.message);
            }
        }
        sort_by(&mut adopted, |a, b| a.created_ms.cmp(&b.created_ms));
        (adopted, changes)
    }

    /// Deletes all messages of a user who signs out.
    pub async fn forget(&self, user: UserId) {
        let texts = self.all().await;
        for StoredMessage { message, .. } in read(&texts) {
            if message.owner == user {
                self.delete(&message.client_id);
            }
        }
        for StoredChange { change, .. } in read(&texts) {
            if change.owner == user {
                self.delete_change(&change.key());
            }
        }
    }

    /// Whether stored messages survive the page.
    pub fn is_durable(&self) -> bool {
        matches!(*self.state.borrow(), State::Open(_)) && !self.refused.get()
    }

    async fn all(&self) -> Vec<String> {
        let Some(store) = self.store(IdbTransactionMode::Readonly) else { return Vec::new() };
        let Ok(request) = store.get_all() else { return Vec::new() };
        let values = finished(&request).await.unwrap_or(JsValue::NULL);
        let texts = values.dyn_ref::<Array>().map(Array::to_vec).unwrap_or_default();
        texts.iter().filter_map(JsValue::as_string).collect()
    }

    fn apply(&self, change: Change) {
        if let State::Opening(changes) = &mut *self.state.borrow_mut() {
            changes.push(change);
            return;
        }
        let Some(store) = self.store(IdbTransactionMode::Readwrite) else { return };
        // IndexedDB runs transactions over one store in the order in which they were created, so there is no need to
        // wait.
        store.transaction().set_onabort(Some(&self.refuse));
        let _ = match change {
            Change::Put(key, json) => store.put_with_key(&JsValue::from_str(&json), &JsValue::from_str(&key)),
            Change::Delete(key) => store.delete(&JsValue::from_str(&key)),
        };
    }

    fn store(&self, mode: IdbTransactionMode) -> Option<IdbObjectStore> {
        let State::Open(database) = &*self.state.borrow() else { return None };
        database.transaction_with_str_and_mode(STORE, mode).ok()?.object_store(STORE).ok()
    }
}

/// What is stored of one kind; the others, and entries of an older page in another format, are skipped.
fn read<T: DeserializeOwned>(texts: &[String]) -> impl Iterator<Item = T> {
    texts.iter().filter_map(|text| serde_json::from_str(text).ok())
}

fn lock_name(tab: &str) -> String {
    format!("causerie-tab-{tab}")
}

async fn open_database() -> Option<IdbDatabase> {
    let request = window().indexed_db().ok()??.open_with_u32(&storage::owned(""), 1).ok()?;
    let upgrade = {
        let request = request.clone();
        Closure::once_into_js(move || {
            let database = request.result().ok()?.dyn_into::<IdbDatabase>().ok()?;
            database.create_object_store(STORE).ok()
        })
    };
    request.set_onupgradeneeded(Some(upgrade.unchecked_ref::<Function>()));
    finished(&request).await?.dyn_into().ok()
}

/// The result of a request; nothing when it failed.
async fn finished(request: &IdbRequest) -> Option<JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await.ok()?;
    request.result().ok()
}
