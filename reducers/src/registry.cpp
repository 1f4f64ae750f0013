#include "baton/reducers/registry.hpp"

#include <algorithm>

#include "baton/base/check.hpp"
#include "baton/base/digest.hpp"
#include "baton/base/text.hpp"

namespace baton {
namespace {

[[noreturn]] void refuse(const ReducerInfo& info, const std::string& what) {
    throw Error(ErrorCode::reducer_invalid, "reducer " + json_quoted(info.name) + " version " +
                                                std::to_string(info.version) + ": " + what);
}

}  // namespace

void Registry::check(const ReducerInfo& info) const {
    constexpr std::size_t name_length_max = 48;
    constexpr std::size_t column_length_max = 63;
    // What an environment allows it says itself (type_bytes); this is what an index has room for.
    constexpr std::size_t type_length_max = 2000;
    if (!is_plain_name(info.name, name_length_max)) {
        refuse(info, "the name must match ^[a-z][a-z0-9_]{0,47}$");
    }
    if (info.version < 1 || info.version > 9999) refuse(info, "the version must be 1 to 9999");
    for (const ReducerInfo& other : infos_) {
        if (other.name == info.name && other.version == info.version) {
            refuse(info, "added twice; raise the version of the newer one");
        }
    }
    for (const ViewColumn& column : info.columns) {
        if (!is_plain_name(column.name, column_length_max)) {
            refuse(info, "column " + json_quoted(column.name) +
                             ": the name must match ^[a-z][a-z0-9_]{0,62}$");
        }
        if (column.name == "position") {
            refuse(info,
                   "column \"position\": each view has this column already; rename the field");
        }
    }
    for (auto type = info.event_types.begin(); type != info.event_types.end(); ++type) {
        if (type->empty() || type->size() > type_length_max) {
            refuse(info, "an event type must have 1 to 2000 bytes");
        }
        if (std::find(info.event_types.begin(), type, *type) != type) {
            refuse(info, "event type " + json_quoted(*type) + " is declared twice");
        }
    }
    if (info.event_types.empty()) refuse(info, "Events names no event type");
    if (info.build.empty()) refuse(info, "the build is empty; leave it out to have one computed");
}

std::string Registry::digest(const ReducerInfo& info, std::string_view event_shapes) {
    std::string shape = info.name + '@' + std::to_string(info.version) + '(';
    for (const ViewColumn& column : info.columns) {
        shape += column.name + ' ' + column.sql_type + (column.nullable ? "?," : ",");
    }
    shape += ")key(";
    for (const std::string& key : info.key_columns) shape += key + ',';
    shape += ')';
    for (const std::string& type : info.event_types) shape += type + ',';
    shape += event_shapes;
    return digest_of(shape);
}

void Registry::refuse_impure(const ReducerInfo& info, std::string_view event_type) {
    refuse(info,
           "event " + json_quoted(event_type) +
               " gave different rows or effects when it was reduced twice; a reducer may depend on "
               "nothing but the event and the rows");
}

void Registry::decode(std::span<const Event> events, DecodedBatch& batch) const {
    if (!batch.json_) {
        batch.json_ = types::make_json_reader();
        batch.msgpack_ = types::make_msgpack_reader();
        batch.columns_ = catalogue_.make_columns();
    }
    BATON_CHECK(batch.columns_.size() == catalogue_.column_count());
    for (const auto& column : batch.columns_) column->clear();
    batch.events_ = events;
    batch.places_.assign(events.size(), {});

    std::vector<std::uint32_t> slots(catalogue_.type_count(), 0);
    std::string_view last_type;
    std::uint32_t last_number = reducers::no_event_type;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const Event& event = events[i];
        if (event.type != last_type) {
            last_type = event.type;
            last_number = catalogue_.type_number(last_type);
        }
        if (last_number == reducers::no_event_type) continue;
        const std::uint32_t slot = slots[last_number]++;
        batch.places_[i] = {last_number, slot};
        for (const std::uint32_t column : catalogue_.columns_of_type(last_number)) {
            batch.decode_event(event, column, slot);
        }
    }
}

DecodedBatch Registry::decode(std::span<const Event> events) const {
    DecodedBatch batch;
    decode(events, batch);
    return batch;
}

std::unique_ptr<Fold> Registry::start_fold(std::size_t index, const FoldOptions& options) const {
    BATON_CHECK(index < starts_.size());
    return starts_[index](catalogue_, options);
}

void DecodedBatch::decode_event(const Event& event, std::uint32_t column, std::uint32_t slot) {
    const bool is_msgpack = event.payload.empty() && !event.body.empty();
    if (!event.unreadable.empty()) {
        columns_[column]->refuse({ErrorCode::decode_failed,
                                  "the event cannot be read: " + std::string(event.unreadable)},
                                 slot);
    } else if (is_msgpack && event.content_type != msgpack_content_type) {
        columns_[column]->refuse(
            {ErrorCode::decode_failed,
             "event " + std::string(event.type) +
                 ": the body can only be decoded if its content type is application/msgpack"},
            slot);
    } else if (is_msgpack) {
        columns_[column]->decode(*msgpack_, event.body, event, slot);
    } else {
        // No payload at all is an object without fields.
        columns_[column]->decode(*json_, event.payload.empty() ? "{}" : event.payload, event, slot);
    }
}

}  // namespace baton
