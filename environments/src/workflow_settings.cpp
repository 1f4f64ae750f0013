// What a [[workflow]] may have, one row each, and what a [[workflow.step]] may.
#include "baton/environments/environment.hpp"
#include "table_item.hpp"

namespace baton::environments {
namespace {

using Type = SettingMember::Type;

template <auto member>
constexpr SettingMember value() {
    return item_of<&Environment::workflows, member>();
}

// Its tables are read as one text.
constexpr SettingMember steps() {
    SettingMember member = value<&WorkflowSetting::steps>();
    member.type = Type::tables;
    return member;
}

// Kept in that text alone.
constexpr SettingMember kept(Type type) { return {type, nullptr, nullptr}; }

constexpr std::int64_t version_max = 9999;
constexpr std::string_view failures[] = {"compensate", "hold"};
constexpr std::string_view sinces[] = {"run", "step"};
constexpr std::string_view deadlines[] = {"fail", "continue"};

// The order is that of docs/settings.md.
constexpr SettingRule rules[] = {
    {.key = "workflow.name",
     .help = "name of the workflow",
     .member = value<&WorkflowSetting::name>(),
     .is_required = true},
    {.key = "workflow.version",
     .help = "raised with each change of its steps",
     .member = value<&WorkflowSetting::version>(),
     .min = 1,
     .max = version_max,
     .is_required = true},
    {.key = "workflow.on_failure",
     .help = "what becomes of a run where a step cannot be done",
     .member = value<&WorkflowSetting::on_failure>(),
     .fallback = "compensate",
     .choices = failures},
    {.key = "workflow.step",
     .help = "its steps, in their order",
     .member = steps(),
     .is_required = true},
};

constexpr SettingRule step_rules[] = {
    {.key = "step.handler",
     .help = "whose task it is; or sleep, or event",
     .member = kept(Type::text)},
    {.key = "step.version",
     .help = "of the handler; the live one unless it is said",
     .member = kept(Type::integer),
     .min = 1,
     .max = version_max},
    {.key = "step.labels",
     .help = "what a node must have beside the handler",
     .member = kept(Type::list),
     .items = "labels"},
    {.key = "step.each",
     .help = "the field of its payload, or \"\" for all of it, whose elements become a task each",
     .member = kept(Type::text),
     .may_be_empty = true},
    {.key = "step.undo", .help = "the handler that undoes it", .member = kept(Type::text)},
    {.key = "step.undo_version",
     .help = "of that handler; the live one unless it is said",
     .member = kept(Type::integer),
     .min = 1,
     .max = version_max},
    {.key = "step.sleep", .help = "how long it takes, as \"2 hours\"", .member = kept(Type::text)},
    {.key = "step.event",
     .help = "the type of the event that it waits for",
     .member = kept(Type::text)},
    {.key = "step.key_of",
     .help = "the field of the run's payload that has the event's key; the run's key unless it is "
             "said",
     .member = kept(Type::text)},
    {.key = "step.since",
     .help = "from when on an event will do",
     .member = kept(Type::text),
     .fallback = "run",
     .choices = sinces},
    {.key = "step.deadline",
     .help = "how long it waits, as \"3 days\"",
     .member = kept(Type::text)},
    {.key = "step.at_deadline",
     .help = "what it does then",
     .member = kept(Type::text),
     .fallback = "fail",
     .choices = deadlines},
    {.key = "step.name",
     .help = "what it is called; as its handler unless it is said",
     .member = kept(Type::text)},
    {.key = "step.after",
     .help = "the steps that have to be done before; the one before it unless it is said",
     .member = kept(Type::list),
     .items = "names of steps"},
};

}  // namespace

std::span<const SettingRule> workflow_rules() { return rules; }

std::span<const SettingRule> workflow_step_rules() { return step_rules; }

}  // namespace baton::environments
