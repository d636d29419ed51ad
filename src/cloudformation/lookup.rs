//! What a template takes from elsewhere: exports, other stacks' outputs, included files; and the pure functions over
//! networks and encodings.

use super::document::Node;
use super::estate::Asked;
use super::instance::Export;
use super::intrinsics::{Evaluator, unknown_from};
use crate::aws::{AccountId, Arn, Known, Place};
use crate::diagnostic::Diagnostic;
use crate::source::{Span, join, parent};
use crate::value::{Reason, Value};
use std::sync::Arc;

/// The text in base 64.
pub(super) fn base64(text: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text.as_bytes())
}

/// Networks that `Fn::Cidr` may list.
const MOST_NETWORKS: u32 = 256;

impl Evaluator<'_> {
    /// What another stack exports under that name in the same account and Region.
    pub(super) fn import(&self, name: &Value, span: Span) -> Value {
        let Some(text) = name.marked_text() else { return unknown_from(name, span) };
        if let Some(value) = self.at.exports.get(text.as_str()) {
            return value.clone().at(span);
        }
        let same = |place: &Place| {
            place.account.same(&self.at.place.account) != Some(false)
                && place.region.same(&self.at.place.region) != Some(false)
        };
        self.world.asked.borrow_mut().insert(Asked::Export(text.clone()));
        // What its own stacks offer is known from here, as far as they were evaluated.
        let own = self.world.exports.borrow();
        let own = own.iter().filter(|export| export.name == text);
        let others = self.world.shared.exports.get(&text).map(Vec::as_slice).unwrap_or_default();
        let others = others.iter().filter(|export| export.stack != self.at.stack);
        let there = own.chain(others).filter(|export| same(&export.place));
        let mut found: Vec<Value> = there.map(|export| export.value.clone()).collect();
        if found.is_empty() {
            let elsewhere = self.world.shared.elsewhere.exports.iter();
            let named = elsewhere.filter(|export| export.name == text && same(&export.place));
            found.extend(named.map(|export| export.value.clone()));
        }
        match found.as_slice() {
            [one] => one.clone().at(span),
            [] => Value::unknown(Reason::NotExported(text.replace('\u{1}', "").into()), Some(span)),
            _ => Value::unknown(
                Reason::Derived(format!("several loaded units export `{}`", text.replace('\u{1}', "")).into()),
                Some(span),
            ),
        }
    }

    /// Whether the output's condition does not rule it out.
    pub(super) fn output_exists(&self, output: &Node) -> bool {
        let condition = output.get("Condition").and_then(Node::text);
        condition.is_none_or(|condition| self.condition(condition) != Some(false))
    }

    /// Everything that this stack exports.
    pub(super) fn exports(&self) -> Vec<Export> {
        let entries = self.at.section("Outputs").map(|section| section.entries.as_slice()).unwrap_or_default();
        let named = entries.iter().filter(|(_, _, output)| self.output_exists(output)).filter_map(|(_, _, output)| {
            let name = self.value(output.get("Export")?.get("Name")?).marked_text()?;
            let value = self.value(output.get("Value")?);
            Some(Export { stack: self.at.stack, place: Place::clone(&self.at.place), name, value })
        });
        named.collect()
    }

    /// `Fn::GetStackOutput`: an output of a stack by name, in another Region or in the account of `RoleArn`.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html>, read 2026-11.
    pub(super) fn stack_output(&self, argument: &Node, span: Span) -> Value {
        let text = |name: &str| argument.get(name).map(|node| self.value(node));
        let (Some(stack), Some(output)) = (text("StackName"), text("OutputName")) else {
            return self.invalid(span, "`Fn::GetStackOutput` takes `StackName` and `OutputName`");
        };
        let (Some(stack), Some(output)) = (stack.text(), output.text()) else {
            return unknown_from(if stack.text().is_none() { &stack } else { &output }, span);
        };
        let mut place = Place::clone(&self.at.place);
        if let Some(region) = text("Region") {
            match region.text() {
                Some(region) => place.region = Known::Is(region),
                None => return unknown_from(&region, span),
            }
        }
        if let Some(role) = text("RoleArn") {
            let account = role.text().and_then(|role| AccountId::parse(Arn::parse(&role)?.account));
            match account {
                Some(account) => place.account = Known::Is(account),
                None => return unknown_from(&role, span),
            }
        }
        let place_is = |other: &Place| {
            other.account.same(&place.account) == Some(true) && other.region.same(&place.region) == Some(true)
        };
        self.world.asked.borrow_mut().insert(Asked::Output(stack.clone(), output.clone()));
        let others = self.world.shared.outputs.get(&(stack.clone(), output.clone()));
        let others = others.map(Vec::as_slice).unwrap_or_default().iter();
        let there = others.filter(|known| known.stack != self.at.stack && place_is(&known.place));
        let mut found: Vec<Value> = there.map(|known| known.value.clone()).collect();
        if found.is_empty() {
            let elsewhere = self.world.shared.elsewhere.outputs.iter();
            let named = elsewhere.filter(|known| known.of == stack && known.name == output && place_is(&known.place));
            found.extend(named.map(|known| known.value.clone()));
        }
        match found.as_slice() {
            [one] => one.clone().at(span),
            _ => {
                let name = format!("{stack}.{output}");
                Value::unknown(Reason::NotExported(name.into()), Some(span))
            }
        }
    }

    /// `Fn::Transform`: `AWS::Include` of a file at hand; other macros are not run.
    pub(super) fn transform(&self, argument: &Node, span: Span) -> Option<Value> {
        let name = argument.get("Name").and_then(Node::text).unwrap_or_default();
        if name != "AWS::Include" {
            let reason = Reason::Unsupported(format!("the macro `{name}`").into());
            self.world.tell(Diagnostic::not_evaluated(span, format!("the macro `{name}` is not run")));
            return Some(Value::unknown(reason, Some(span)));
        }
        let location = argument.get("Parameters").and_then(|parameters| parameters.get("Location"));
        let location = location.map(|node| self.value(node))?;
        let Some(text) = location.text() else { return Some(unknown_from(&location, span)) };
        if text.contains("://") {
            let reason = Reason::File(format!("`{text}` is not at hand").into());
            self.world.tell(Diagnostic::not_evaluated(span, format!("`{text}` is included, and is not at hand")));
            return Some(Value::unknown(reason, Some(span)));
        }
        let path = join(parent(&self.at.path), &text);
        match self.world.template(&path) {
            Ok(Some((_, root))) => Some(self.within(|| self.value(&root))),
            Ok(None) => Some(Value::unknown(Reason::File(format!("`{path}` cannot be read").into()), Some(span))),
            Err(error) => {
                let message = format!("`{path}` is included: {error}");
                self.world.tell(Diagnostic::not_evaluated(span, message.as_str()));
                Some(Value::unknown(Reason::File(message.into()), Some(span)))
            }
        }
    }

    /// `Fn::Cidr`: networks within a network.
    pub(super) fn cidr(&self, arguments: &[Node], span: Span) -> Value {
        let values: Vec<Value> = arguments.iter().map(|node| self.value(node)).collect();
        let (Some(block), Some(count)) = (values.first(), values.get(1)) else {
            return self.invalid(span, "`Fn::Cidr` takes a network and a count");
        };
        if let Some(unknown) = values.iter().find(|value| value.text().is_none()) {
            return unknown_from(unknown, span);
        }
        let bits = values.get(2).map_or(Some(8), Value::as_i64);
        let networks = block.text().zip(count.as_i64()).zip(bits).and_then(|((block, count), bits)| {
            let count = u32::try_from(count).ok().filter(|count| (1..=MOST_NETWORKS).contains(count))?;
            networks(&block, count, u32::try_from(bits).ok()?)
        });
        match networks {
            Some(networks) => Value::tuple(networks.into_iter().map(|text| Value::string(text).at(span)).collect()),
            None => self.invalid(span, "`Fn::Cidr` asks for networks that the network does not hold"),
        }
    }
}

/// `count` networks of `bits` host bits, from the start of `block`.
fn networks(block: &str, count: u32, bits: u32) -> Option<Vec<Arc<str>>> {
    let (address, prefix) = block.split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    let (base, width, six) = match address.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(address) => (u128::from(u32::from(address)), 32_u32, false),
        std::net::IpAddr::V6(address) => (u128::from(address), 128, true),
    };
    let free = width.checked_sub(prefix)?;
    if bits > free || bits > 127 {
        return None;
    }
    let room = (free - bits).min(31);
    if u64::from(count) > 1_u64 << room {
        return None;
    }
    let mask = if free >= 128 { 0 } else { u128::MAX << free };
    let base = base & mask;
    (0..count)
        .map(|at| {
            let network = base.checked_add(u128::from(at) << bits)?;
            let text = if six {
                std::net::Ipv6Addr::from(network).to_string()
            } else {
                std::net::Ipv4Addr::from(u32::try_from(network).ok()?).to_string()
            };
            Some(format!("{text}/{}", width - bits).into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::networks;

    #[test]
    fn networks_are_cut_from_the_start() {
        let shown = |block, count, bits| networks(block, count, bits).map(|all| all.join(" "));
        assert_eq!(shown("192.168.0.0/24", 3, 5).as_deref(), Some("192.168.0.0/27 192.168.0.32/27 192.168.0.64/27"));
        assert_eq!(shown("10.0.0.0/16", 2, 8).as_deref(), Some("10.0.0.0/24 10.0.1.0/24"));
        assert_eq!(shown("2001:db8::/56", 2, 64).as_deref(), Some("2001:db8::/64 2001:db8:0:1::/64"));
        assert_eq!(shown("10.0.0.0/24", 3, 8), None);
    }
}
