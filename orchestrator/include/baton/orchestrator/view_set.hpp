// ViewSet: which views belong together.
//
// Threads: a value.
#pragma once

#include <string>
#include <vector>

namespace baton {

/// Views that readers must see at one version and one position: they change their versions in one
/// transaction, and where one of them must stop, all stop. A view in no set is a set of its own.
struct ViewSet {
    std::string name;
    int version = 1;                 ///< Raised with each change of a member or its version.
    std::vector<std::string> views;  ///< By name; this process carries a reducer of each.
};

}  // namespace baton
