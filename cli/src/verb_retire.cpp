// baton retire: gives up a version of a view set.
#include "output.hpp"
#include "promotion.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string set;
    std::optional<std::int64_t> version;
    bool live = false;
};

int retire(const Options& options, Invocation& invocation) {
    const std::string version = std::to_string(*options.version);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    as_operator([&] {
        sql::Transaction transaction(connection);
        transaction.exec(
            "select retire_version(view_set => $1, version => $2::integer, live => $3::boolean)",
            {options.set, version, options.live});
        transaction.commit();
        return 0;
    });
    write_out(options.set + " version " + version + " is retired; the leader drops its rows\n");
    return 0;
}

}  // namespace

Verb retire_verb() {
    const auto options = std::make_shared<Options>();
    return {
        .name = "retire",
        .help = "give up a version of a view set: a build, a former one, or for good the live one",
        .about =
            "Its rows are dropped and no rollback leads back to it; nothing is built for this\n"
            "version again. Outside of development only the environment's owner may.\n"
            "Example: baton retire sales 1",
        .options = {{"SET", "which view set", &options->set, true},
                    {.name = "VERSION",
                     .help = "which of its versions",
                     .place = &options->version,
                     .is_required = true,
                     .bounds = {.min = 1}},
                    {"--live", "also if it is live: then its views are gone", &options->live}},
        .run = [options](Invocation& invocation) { return retire(*options, invocation); }};
}

}  // namespace baton::cli
