#include "build_leases.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/check.hpp"
#include "view.hpp"

namespace baton::orchestrator {

void BuildLeases::add(sql::BuildClaim claim) {
    std::erase_if(claims_, [&](const sql::BuildClaim& former) {
        return former.view == claim.view && former.version == claim.version;
    });
    claims_.push_back(std::move(claim));
}

void BuildLeases::note(sql::Transaction& transaction, const View& view,
                       const sql::ViewStanding& standing,
                       const std::optional<std::string>& reason) {
    const auto claim = std::ranges::find_if(claims_, [&](const sql::BuildClaim& c) {
        return c.view == view.name() && c.version == view.version();
    });
    BATON_CHECK(claim != claims_.end());
    note_build(transaction, *claim, standing, reason);
}

}  // namespace baton::orchestrator
