#include "baton/reducers/batch.hpp"

#include "baton/base/check.hpp"

namespace baton::reducers {

void EventColumn::decode(types::ValueReader& reader, std::string_view bytes, const Event& event,
                         std::uint32_t slot) {
    const auto prefixed = [&](std::string_view what) {
        return "event " + std::string(event.type) + ": " + std::string(what);
    };
    try {
        decode_value(reader, bytes, event.schema_version, slot);
    } catch (const types::DecodeFailure& failure) {
        refuse({ErrorCode::decode_failed, prefixed(failure.what())}, slot);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const Error& error) {
        const bool is_version = error.code() == ErrorCode::event_version_unknown;
        refuse(is_version ? error
                          : Error(ErrorCode::event_poisoned, prefixed("upcast(): ") + error.what()),
               slot);
    } catch (const std::exception& error) {
        refuse({ErrorCode::event_poisoned, prefixed("upcast(): ") + error.what()}, slot);
    } catch (...) {
        refuse({ErrorCode::event_poisoned,
                prefixed("upcast() threw something that is no std::exception")},
               slot);
    }
}

void EventCatalogue::add(std::string_view type, std::type_index cpp_type, MakeColumn make) {
    const auto number = static_cast<std::uint32_t>(columns_of_type_.size());
    const auto [found, is_new] = type_numbers_.try_emplace(std::string(type), number);
    if (is_new) columns_of_type_.emplace_back();
    std::vector<std::uint32_t>& columns = columns_of_type_[found->second];
    for (const std::uint32_t column : columns) {
        if (columns_[column].cpp_type == cpp_type) return;
    }
    columns.push_back(static_cast<std::uint32_t>(columns_.size()));
    columns_.push_back({cpp_type, make});
}

EventCatalogue::Entry EventCatalogue::entry_of(std::string_view type,
                                               std::type_index cpp_type) const {
    const std::uint32_t number = type_number(type);
    BATON_CHECK(number != no_event_type);
    for (const std::uint32_t column : columns_of_type_[number]) {
        if (columns_[column].cpp_type == cpp_type) return {number, column};
    }
    constexpr bool struct_was_added = false;
    BATON_CHECK(struct_was_added);
    return {};
}

std::uint32_t EventCatalogue::type_number(std::string_view type) const {
    const auto found = type_numbers_.find(type);
    return found == type_numbers_.end() ? no_event_type : found->second;
}

std::vector<std::unique_ptr<EventColumn>> EventCatalogue::make_columns() const {
    std::vector<std::unique_ptr<EventColumn>> columns;
    columns.reserve(columns_.size());
    for (const Column& column : columns_) columns.push_back(column.make());
    return columns;
}

std::vector<std::string> EventCatalogue::types() const {
    std::vector<std::string> types(columns_of_type_.size());
    for (const auto& [type, number] : type_numbers_) types[number] = type;
    return types;
}

}  // namespace baton::reducers
