//! Closures with erased types, so that the framework's generic code is compiled once and not for each closure.

use std::rc::Rc;
use std::sync::Arc;

use leptos::ev::{Event, MouseEvent, SubmitEvent};
use leptos::prelude::*;

pub fn click(handler: impl Fn(MouseEvent) + 'static) -> impl Fn(MouseEvent) + Clone + 'static {
    erase(Rc::new(handler))
}

pub fn submit(handler: impl Fn(SubmitEvent) + 'static) -> impl Fn(SubmitEvent) + Clone + 'static {
    erase(Rc::new(handler))
}

pub fn event(handler: impl Fn(Event) + 'static) -> impl Fn(Event) + Clone + 'static {
    erase(Rc::new(handler))
}

fn erase<E: 'static>(handler: Rc<dyn Fn(E)>) -> impl Fn(E) + Clone + 'static {
    move |event| handler(event)
}

/// A part of the view that is drawn again when a signal that it reads changes.
pub fn reactive(
    draw: impl Fn() -> AnyView + Send + Sync + 'static,
) -> impl Fn() -> AnyView + Clone + Send + 'static {
    fn erase(draw: Arc<dyn Fn() -> AnyView + Send + Sync>) -> impl Fn() -> AnyView + Clone + Send + 'static {
        move || draw()
    }
    erase(Arc::new(draw))
}

/// A reactive text or attribute.
pub fn text(
    write: impl Fn() -> String + Send + Sync + 'static,
) -> impl Fn() -> String + Clone + Send + 'static {
    fn erase(write: Arc<dyn Fn() -> String + Send + Sync>) -> impl Fn() -> String + Clone + Send + 'static {
        move || write()
    }
    erase(Arc::new(write))
}

/// A reactive boolean attribute.
pub fn flag(read: impl Fn() -> bool + Send + Sync + 'static) -> impl Fn() -> bool + Clone + Send + 'static {
    fn erase(read: Arc<dyn Fn() -> bool + Send + Sync>) -> impl Fn() -> bool + Clone + Send + 'static {
        move || read()
    }
    erase(Arc::new(read))
}
