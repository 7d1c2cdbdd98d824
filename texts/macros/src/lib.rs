//! The macros that put the page's texts into its program when it is compiled.
//!
//! The page is compiled once for each language, and a browser loads the one that its user has chosen. So no page
//! carries another language, and a text without values stays a literal, which the view macro turns into plain HTML.
//!
//! The table is the one of `causerie-texts`; a feature chooses the language.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Reads the table into [`page::TEXTS`]: the key of each text, and the text in the chosen language.
macro_rules! texts {
    ($(#[$about:meta])* $table:ident { $($key:ident: $english:literal, $vietnamese:literal;)+ }) => {
        pub const TEXTS: &[(&str, &str)] = &[
            $((stringify!($key), if cfg!(feature = "vietnamese") { $vietnamese } else { $english }),)+
        ];
    };
}

#[path = "../../src/page.rs"]
mod page;

/// A text by its key, `say!(Send)`: a literal.
///
/// Placeholders such as `{name}` need values: `say!(Joined, name = user.name)` makes a `String`.
#[proc_macro]
pub fn say(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let Some(TokenTree::Ident(key)) = tokens.next() else {
        return fail("a text's key is missing", Span::call_site());
    };
    let values: TokenStream = tokens.collect();
    let literal = match literal(&key) {
        Ok(literal) => literal,
        Err(error) => return error,
    };
    if values.is_empty() {
        return literal.into();
    }
    let mut arguments = TokenStream::from(literal);
    arguments.extend(values);
    call(&["std", "format"], Delimiter::Parenthesis, arguments, key.span())
}

/// Leptos's `view!`, with every `say!(Key)` in it replaced by its literal first.
///
/// The view macro turns literals into plain HTML, and does not expand nested macros.
#[proc_macro]
pub fn page(input: TokenStream) -> TokenStream {
    match replace(input) {
        Ok(view) => call(&["leptos", "prelude", "view"], Delimiter::Brace, view, Span::call_site()),
        Err(error) => error,
    }
}

/// Replaces every `say!(Key)`, at any depth; one with values stays, since it is not a literal.
fn replace(input: TokenStream) -> Result<TokenStream, TokenStream> {
    let mut output = Vec::new();
    for token in input {
        let TokenTree::Group(group) = token else {
            output.push(token);
            continue;
        };
        if let Some(key) = key(&output, &group) {
            output.truncate(output.len() - 2);
            output.push(literal(&key)?);
            continue;
        }
        let mut replaced = Group::new(group.delimiter(), replace(group.stream())?);
        replaced.set_span(group.span());
        output.push(replaced.into());
    }
    Ok(output.into_iter().collect())
}

/// The key, if these tokens end with `say!` and the group has nothing else.
fn key(before: &[TokenTree], group: &Group) -> Option<Ident> {
    let [.., TokenTree::Ident(name), TokenTree::Punct(mark)] = before else { return None };
    let mut inside = group.stream().into_iter();
    match (inside.next(), inside.next()) {
        (Some(TokenTree::Ident(key)), None) if name.to_string() == "say" && mark.as_char() == '!' => {
            Some(key)
        }
        _ => None,
    }
}

/// The text of a key as a literal, or a compile error.
fn literal(key: &Ident) -> Result<TokenTree, TokenStream> {
    let name = key.to_string();
    let text = page::TEXTS.iter().find(|(key, _)| *key == name);
    let (_, text) = text.ok_or_else(|| fail(&format!("no text has the key {name}"), key.span()))?;
    let mut literal = Literal::string(text);
    literal.set_span(key.span());
    Ok(literal.into())
}

fn fail(message: &str, span: Span) -> TokenStream {
    let mut literal = Literal::string(message);
    literal.set_span(span);
    call(&["core", "compile_error"], Delimiter::Brace, TokenTree::from(literal).into(), span)
}

/// A macro call with its full path.
fn call(path: &[&str], delimiter: Delimiter, arguments: TokenStream, span: Span) -> TokenStream {
    let mut tokens: Vec<TokenTree> = Vec::new();
    for part in path {
        tokens.push(Punct::new(':', Spacing::Joint).into());
        tokens.push(Punct::new(':', Spacing::Alone).into());
        tokens.push(Ident::new(part, span).into());
    }
    tokens.push(Punct::new('!', Spacing::Alone).into());
    tokens.push(Group::new(delimiter, arguments).into());
    tokens.into_iter().collect()
}
