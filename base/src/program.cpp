#include "baton/base/program.hpp"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "baton/base/digest.hpp"
#include "baton/base/error.hpp"

namespace baton {
namespace {

// What belongs to the system changes with it, not with the program; and some of it (name services,
// authentication) is loaded only when it is needed.
bool is_of_system(std::string_view path) {
    constexpr std::string_view folders[] = {"/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"};
    return path.find('/') == std::string_view::npos ||  // the kernel's own (linux-vdso)
           std::ranges::any_of(folders, [&](auto folder) { return path.starts_with(folder); });
}

// The build id that stands in these notes, or "".
std::string_view build_id_in(const char* notes, std::size_t size) {
    const auto aligned = [](std::size_t bytes) { return (bytes + 3U) & ~std::size_t{3}; };
    while (size > sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note{};
        std::memcpy(&note, notes, sizeof(note));
        const char* const name = notes + sizeof(note);
        const std::size_t whole = sizeof(note) + aligned(note.n_namesz) + aligned(note.n_descsz);
        if (whole > size) break;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            std::memcmp(name, "GNU", 4) == 0) {
            return {name + aligned(note.n_namesz), note.n_descsz};
        }
        notes += whole;
        size -= whole;
    }
    return {};
}

std::string_view build_id_of(const dl_phdr_info& object) {
    for (int i = 0; i < object.dlpi_phnum; ++i) {
        const ElfW(Phdr)& header = object.dlpi_phdr[i];
        if (header.p_type != PT_NOTE) continue;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): so the loader says where it is.
        const auto* const notes = reinterpret_cast<const char*>(object.dlpi_addr + header.p_vaddr);
        const std::string_view id = build_id_in(notes, header.p_memsz);
        if (!id.empty()) return id;
    }
    return {};
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), {}};
    if (!file || content.empty()) {
        throw Error(ErrorCode::settings_invalid,
                    "cannot read " + path +
                        ", to notice that the program was built anew; set policy.follow_program = "
                        "false to do without");
    }
    return content;
}

struct Part {
    std::string path;  // empty: the executable
    std::string id;
};

// C code calls it: nothing may be thrown through that.
int add_part(dl_phdr_info* object, std::size_t /*size*/, void* parts) noexcept {
    const std::string_view path = object->dlpi_name == nullptr ? "" : object->dlpi_name;
    if (!path.empty() && is_of_system(path)) return 0;
    static_cast<std::vector<Part>*>(parts)->push_back(
        {std::string(path), std::string(build_id_of(*object))});
    return 0;
}

}  // namespace

std::string program_digest() {
    std::vector<Part> parts;
    dl_iterate_phdr(&add_part, &parts);
    std::vector<std::string> digests;
    digests.reserve(parts.size());
    for (const Part& part : parts) {
        digests.push_back(
            digest_of(part.id.empty() ? content_of(part.path.empty() ? "/proc/self/exe" : part.path)
                                      : part.id));
    }
    std::ranges::sort(digests);
    std::string all;
    for (const std::string& digest : digests) all += digest;
    return digest_of(all);
}

std::string build_with_program(const std::string& build, bool follows_program,
                               const std::string& program) {
    if (program.empty() || !follows_program) return build;
    return digest_of(build + " in program " + program);
}

}  // namespace baton
