// Which machine this is, and the token that it was given for an environment.
//
// Both are what a process shows to the database, which decides whether this machine may take part
// in the environment. The token is a secret: its file is the user's alone.
//
// Threads: no state. The variables of the process are read: call these before the first thread that
// sets one. Two processes that make the same token at the same moment get the same one.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "baton/base/machine_credentials.hpp"
#include "baton/environments/environment.hpp"

namespace baton::environments {

/// Variables of the process; a test gives others. An empty one is unset.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

/// This machine: sha256 of the content of /etc/machine-id, or of the file that
/// BATON_MACHINE_ID_FILE names (for containers, which share or lack the former), as 64 hex digits.
/// Where there is none and `may_make_one`, one is made up, and kept in the user's folder. Throws
/// Error(settings_invalid) where there is none, or an image's which each machine still has to
/// replace.
[[nodiscard]] std::string machine_id(bool may_make_one, const Variables& variable = {});

/// Where the token for the environment `name` is kept: the file that BATON_TOKEN_FILE names, else
/// $XDG_CONFIG_HOME/baton/NAME.token, else ~/.config/baton/NAME.token. Throws
/// Error(settings_invalid) where no variable says.
[[nodiscard]] std::filesystem::path token_path(const std::string& name,
                                               const Variables& variable = {});

/// A new token: `baton_<name>_` and 64 random hex digits.
[[nodiscard]] std::string make_token(const std::string& name);

/// The token in the file; nothing where there is no file. Throws Error(settings_invalid) where
/// others than its owner can read it (a group can where it is root's, as libpq has it for keys), or
/// it holds no token.
[[nodiscard]] std::optional<std::string> read_token(const std::filesystem::path& path);

/// Writes the file, for its owner alone, in place of one that was there; makes its folder.
/// Throws Error(settings_invalid).
void write_token(const std::filesystem::path& path, const std::string& token);

/// The token in the file; one that is made for `name` where there is no file. Throws as the two.
[[nodiscard]] std::string read_or_make_token(const std::filesystem::path& path,
                                             const std::string& name);

/// What this machine shows to the environment: its id, and the token that is kept here. Where the
/// environment is of kind development, the machine makes itself a token and may enrol itself.
/// Throws Error(settings_invalid) where a file cannot be read or is not its owner's alone.
[[nodiscard]] MachineCredentials machine_credentials(const Environment& environment);

/// This machine, for people to read; "unknown" where it has no name.
[[nodiscard]] std::string host_name();

/// This process, as other nodes' logs show it: "host:pid".
[[nodiscard]] std::string node_name();

}  // namespace baton::environments
