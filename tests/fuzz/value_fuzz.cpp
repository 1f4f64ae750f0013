// Any text as a decimal, a date, a timestamp, a uuid: what is taken is the same after writing it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "baton/base/check.hpp"
#include "baton/types/date.hpp"
#include "baton/types/decimal.hpp"
#include "baton/types/uuid.hpp"

namespace {

template <class Value>
void check(std::string_view text) {
    const auto value = Value::from_text(text);
    if (value) BATON_CHECK(Value::from_text(value->text()) == value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check<baton::Decimal>(text);
    check<baton::Date>(text);
    check<baton::Timestamp>(text);
    check<baton::Uuid>(text);
    return 0;
}
