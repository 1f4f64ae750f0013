#include "baton/reducers/effects.hpp"

#include "baton/base/error.hpp"
#include "baton/types/json.hpp"

namespace baton {
namespace {

// Refuses what Postgres could not store.
void append_quoted(std::string& json, std::string_view text) {
    types::make_json_writer(json)->text(text);
}

void add_text(std::string& json, std::string_view name, std::string_view text) {
    json.append(",\"").append(name).append("\":");
    append_quoted(json, text);
}

void add_if(std::string& json, std::string_view name, const std::optional<std::string>& text) {
    if (text) add_text(json, name, *text);
}

void add_json(std::string& json, std::string_view name, std::string_view value) {
    json.append(",\"").append(name).append("\":").append(value);
}

void add_number(std::string& json, std::string_view name, std::int64_t number) {
    add_json(json, name, std::to_string(number));
}

void add_texts(std::string& json, std::string_view name, const std::vector<std::string>& texts) {
    std::string array = "[";
    for (const std::string& text : texts) {
        if (array.size() > 1) array += ',';
        append_quoted(array, text);
    }
    add_json(json, name, array + "]");
}

std::string in_seconds(std::chrono::seconds time) { return std::to_string(time.count()) + " s"; }
std::string in_ms(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

// What is said of a task beside others.
void add_order(std::string& json, const EnqueueOptions& options) {
    add_if(json, "unique_key", options.unique_key);
    if (options.on_conflict == OnConflict::replace) add_text(json, "on_conflict", "replace");
    if (options.longest_wait) add_text(json, "longest_wait", in_ms(*options.longest_wait));
    if (options.every) add_text(json, "every", in_ms(*options.every));
    if (options.after) add_number(json, "after", static_cast<std::int64_t>(*options.after));
    if (options.when_failed == WhenFailed::run) add_text(json, "when_failed", "run");
    if (options.when_failed == WhenFailed::hold) add_text(json, "when_failed", "hold");
    if (options.expires_at) add_text(json, "expires_at", options.expires_at->text());
}

void require_json(std::string_view what, std::string_view text) {
    const std::optional<std::string> fault = types::json_fault(text);
    if (!fault) return;
    throw Error(ErrorCode::decode_failed, "an effect: " + std::string(what) +
                                              " is no JSON that Postgres can store: " + *fault);
}

}  // namespace

void Effects::begin_event(const Event& event) {
    position_ = event.position;
    event_ = event.id;
    ordinal_ = 0;
}

void Effects::enqueue(std::string_view handler, std::string_view payload,
                      const EnqueueOptions& options) {
    require_json("the payload", payload);
    add_task(handler, payload, options);
}

void Effects::add_task(std::string_view handler, std::string_view payload,
                       const EnqueueOptions& options) {
    if (options.meta) require_json("the meta", *options.meta);
    std::string json = begin("task", handler);
    add_json(json, "payload", payload);
    if (options.run_at) add_text(json, "run_at", options.run_at->text());
    if (options.priority != 0) add_number(json, "priority", options.priority);
    if (!options.labels.empty()) add_texts(json, "labels", options.labels);
    add_if(json, "tenant", options.tenant);
    if (options.meta) add_json(json, "meta", *options.meta);
    if (options.schema_version != 1) add_number(json, "schema_version", options.schema_version);
    add_if(json, "lane", options.lane);
    add_order(json, options);
    end(std::move(json));
}

void Effects::add_event(const NewEvent& event) {
    if (event.meta) require_json("the meta", *event.meta);
    std::string json = begin("event", event.type);
    add_json(json, "payload", event.payload);
    add_if(json, "key", event.key);
    add_if(json, "tenant", event.tenant);
    if (event.meta) add_json(json, "meta", *event.meta);
    if (event.schema_version != 1) add_number(json, "schema_version", event.schema_version);
    end(std::move(json));
}

void Effects::open_task_set(std::string_view handler, std::string_view key,
                            const MemberPayloads& members, const TaskSetOptions& options) {
    std::string object = "{";
    for (const auto& [name, payload] : members) {
        require_json("the payload of a member", payload);
        if (object.size() > 1) object += ',';
        append_quoted(object, name);
        object.append(":").append(payload);
    }
    std::string json = begin("open_task_set", handler);
    add_text(json, "key", key);
    add_json(json, "members", object + "}");
    if (!options.inputs.empty()) add_texts(json, "inputs", options.inputs);
    if (!options.seal) add_json(json, "seal", "false");
    if (options.restart_on_promotion) add_text(json, "on_promotion", "restart");
    if (options.deadline) add_text(json, "deadline", in_seconds(*options.deadline));
    if (options.restart_at_deadline) add_text(json, "at_deadline", "restart");
    add_text(json, "kept", in_seconds(options.kept));
    if (!options.labels.empty()) add_texts(json, "labels", options.labels);
    end(std::move(json));
}

void Effects::touch_task_set(std::string_view handler, std::string_view key) {
    std::string json = begin("touch_task_set", handler);
    add_text(json, "key", key);
    end(std::move(json));
}

std::string Effects::begin(std::string_view kind, std::string_view name) const {
    std::string json = "{\"cause\":" + std::to_string(static_cast<std::int64_t>(position_));
    add_number(json, "event_id", static_cast<std::int64_t>(event_));
    add_number(json, "ordinal", ordinal_ + 1);
    add_text(json, kind, name);
    return json;
}

void Effects::end(std::string json) {
    ++ordinal_;
    said_.push_back({position_, std::move(json += '}')});
}

}  // namespace baton
