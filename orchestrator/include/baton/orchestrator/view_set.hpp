// ViewSet: which views, and handlers, belong together.
//
// Threads: a value.
#pragma once

#include <string>
#include <vector>

namespace baton {

/// A handler in the version that a view set names.
struct SetHandler {
    std::string name;  ///< 1 to 128 bytes.
    int version = 1;   ///< 1 to 9999. A node registers it; this process need not carry it.
};

/// Views that readers must see at one version and one position: they change their versions in one
/// transaction, and where one of them must stop, all stop. A view in no set is a set of its own.
/// The set's handlers change with them; a handler is in one set at most.
struct ViewSet {
    std::string name;
    int version = 1;                 ///< Raised with each change of a member or its version.
    std::vector<std::string> views;  ///< By name; this process carries a reducer of each.
    std::vector<SetHandler> handlers{};
};

}  // namespace baton
