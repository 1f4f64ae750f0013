// DecodedBatch: the events of one batch as typed values, ready to be folded.
//
// Decoding is apart from folding because it needs nothing of the state: it runs on another thread
// while the batch before is being written. Each event is decoded once per C++ struct that
// reducers declared for its type, however many reducers use that struct. An event that cannot be
// decoded is remembered with its error, and is an error only for reducers that use the type. One of
// an older schema version is brought up to that of the struct (upcast.hpp).
//
// Threads: one thread at a time; handing it from the decoding to the folding thread needs the
// usual synchronisation of a queue. Different batches may be decoded at the same time.
// Lifetime: it refers to the events, whose storage must outlive it; decoded values own their texts.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/types/event.hpp"
#include "baton/types/upcast.hpp"

namespace baton {

class Registry;

namespace reducers {

inline constexpr std::uint32_t no_event_type = std::numeric_limits<std::uint32_t>::max();

/// Where an event's values are: the number of its type, and its number among the events of it.
struct Place {
    std::uint32_t type = no_event_type;
    std::uint32_t slot = 0;
};

/// The decoded events of one C++ struct in a batch, by slot.
class EventColumn {
public:
    EventColumn() = default;
    EventColumn(const EventColumn&) = delete;
    EventColumn& operator=(const EventColumn&) = delete;
    virtual ~EventColumn() = default;

    /// Forgets the batch, but keeps the memory.
    void clear() { errors_.clear(); }
    /// Decodes the whole of `bytes` into `slot`; slots come in order. Keeps the error if it fails.
    void decode(types::ValueReader& reader, std::string_view bytes, const Event& event,
                std::uint32_t slot);
    /// Notes that `slot` cannot be decoded.
    void refuse(Error error, std::uint32_t slot) { errors_.emplace(slot, std::move(error)); }
    /// Why the event at `slot` could not be decoded, or nullptr.
    [[nodiscard]] const Error* error(std::uint32_t slot) const {
        if (errors_.empty()) return nullptr;
        const auto found = errors_.find(slot);
        return found == errors_.end() ? nullptr : &found->second;
    }

protected:
    /// Throws Error(event_version_unknown), DecodeFailure, or what an upcast() throws.
    virtual void decode_value(types::ValueReader& reader, std::string_view bytes,
                              int schema_version, std::uint32_t slot) = 0;

private:
    std::unordered_map<std::uint32_t, Error> errors_;
};

template <class E>
class EventColumnOf final : public EventColumn {
public:
    [[nodiscard]] const E& value(std::uint32_t slot) const { return values_[slot]; }

protected:
    void decode_value(types::ValueReader& reader, std::string_view bytes, int schema_version,
                      std::uint32_t slot) override {
        if (slot >= values_.size()) values_.resize(slot + 1);
        types::decode_version(reader, bytes, schema_version, E::event_type, values_[slot]);
    }

private:
    std::vector<E> values_;
};

/// The event types that reducers declared, with the C++ structs for each.
class EventCatalogue {
public:
    /// The number of an event type, and of a struct that it is decoded into.
    struct Entry {
        std::uint32_t type;
        std::uint32_t column;
    };

    template <class E>
    void add() {
        types::check_versions<E>();
        add(E::event_type, typeid(E),
            []() -> std::unique_ptr<EventColumn> { return std::make_unique<EventColumnOf<E>>(); });
    }
    /// Of a struct that was added.
    template <class E>
    [[nodiscard]] Entry entry_of() const {
        return entry_of(E::event_type, typeid(E));
    }

    /// The number of `type`, or no_event_type.
    [[nodiscard]] std::uint32_t type_number(std::string_view type) const;
    [[nodiscard]] std::size_t type_count() const noexcept { return columns_of_type_.size(); }
    [[nodiscard]] std::size_t column_count() const noexcept { return columns_.size(); }
    [[nodiscard]] const std::vector<std::uint32_t>& columns_of_type(std::uint32_t type) const {
        return columns_of_type_[type];
    }
    [[nodiscard]] std::vector<std::unique_ptr<EventColumn>> make_columns() const;
    [[nodiscard]] std::vector<std::string> types() const;

private:
    using MakeColumn = std::unique_ptr<EventColumn> (*)();
    struct Column {
        std::type_index cpp_type;
        MakeColumn make;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    void add(std::string_view type, std::type_index cpp_type, MakeColumn make);
    [[nodiscard]] Entry entry_of(std::string_view type, std::type_index cpp_type) const;

    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> type_numbers_;
    std::vector<std::vector<std::uint32_t>> columns_of_type_;
    std::vector<Column> columns_;
};

}  // namespace reducers

class DecodedBatch {
public:
    DecodedBatch() = default;

    /// The events that were decoded.
    [[nodiscard]] std::span<const Event> events() const noexcept { return events_; }
    [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }

    [[nodiscard]] const reducers::Place& place(std::size_t index) const { return places_[index]; }
    [[nodiscard]] const reducers::EventColumn& column(std::uint32_t column) const {
        return *columns_[column];
    }

private:
    friend class Registry;
    void decode_event(const Event& event, std::uint32_t column, std::uint32_t slot);

    std::span<const Event> events_;
    std::vector<reducers::Place> places_;
    std::vector<std::unique_ptr<reducers::EventColumn>> columns_;
    std::unique_ptr<types::ValueReader> json_;
    std::unique_ptr<types::ValueReader> msgpack_;
};

}  // namespace baton
