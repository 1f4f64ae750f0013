#include "baton/base/error.hpp"

#include <array>

namespace baton {
namespace {

struct CatalogueRow {
    std::string_view name;
    std::string_view sqlstate;
    bool retryable;
};

constexpr auto catalogue = std::to_array<CatalogueRow>({
#define BATON_ERROR(name, code, retryable) {#name, code, retryable},
    BATON_ERROR_CATALOGUE(BATON_ERROR)
#undef BATON_ERROR
});

const CatalogueRow& row_of(ErrorCode code) noexcept {
    return catalogue[static_cast<std::size_t>(code)];
}

}  // namespace

std::string_view name_of(ErrorCode code) noexcept { return row_of(code).name; }

std::string_view sqlstate_of(ErrorCode code) noexcept { return row_of(code).sqlstate; }

bool is_retryable(ErrorCode code) noexcept { return row_of(code).retryable; }

std::string with_code(ErrorCode code, std::string_view message) {
    return std::string(message) + " [" + std::string(sqlstate_of(code)) + "]";
}

ErrorCode code_of_sqlstate(std::string_view sqlstate, ErrorCode otherwise) noexcept {
    for (std::size_t i = 0; i < catalogue.size(); ++i) {
        if (catalogue[i].sqlstate == sqlstate) return static_cast<ErrorCode>(i);
    }
    return otherwise;
}

}  // namespace baton
