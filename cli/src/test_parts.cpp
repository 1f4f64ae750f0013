#include "test_parts.hpp"

namespace baton::cli {

testing::TestParts test_parts(const App& app, const std::vector<std::string>& files) {
    testing::TestParts parts{.registry = app.registry(),
                             .handlers = app.handlers(),
                             .sql_reducers = app.sql_reducers(),
                             .view_sets = app.view_sets(),
                             .workflows = app.workflows()};
    for (const std::string& file : files) parts.sql_reducers.emplace_back(file);
    return parts;
}

}  // namespace baton::cli
