// Parameters as libpqxx takes them.
//
// Threads: no state.
#pragma once

#include <initializer_list>
#include <pqxx/prepared_statement>
#include <pqxx/strconv>
#include <span>
#include <string>

#include "baton/sql/parameter.hpp"

template <>
struct pqxx::string_traits<baton::sql::Parameter> {
    static constexpr const char* name() noexcept { return "parameter"; }
    static constexpr bool has_null() noexcept { return true; }
    static bool is_null(const baton::sql::Parameter& value) { return value.is_null(); }
    static std::string to_string(const baton::sql::Parameter& value) { return value.to_text(); }
};

namespace baton::sql {

inline auto pack(std::span<const Parameter> parameters) {
    return pqxx::prepare::make_dynamic_params(parameters.data(),
                                              parameters.data() + parameters.size());
}

template <class Value>
std::span<const Value> span_of(std::initializer_list<Value> values) {
    return {values.begin(), values.size()};
}

}  // namespace baton::sql
