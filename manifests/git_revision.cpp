#include "manifests/git_revision.hpp"

#include <git2.h>

#include <memory>
#include <system_error>

namespace trueup::manifests {

namespace {

namespace fs = std::filesystem;

template <class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* object) const { Free(object); }
};
using Repository = std::unique_ptr<git_repository, Freed<git_repository, git_repository_free>>;
using StatusList = std::unique_ptr<git_status_list, Freed<git_status_list, git_status_list_free>>;

// The library counts its users, and wants to be told of the first.
class Library {
public:
    Library()
    {
        git_libgit2_init();
        // A checkout is often another user's. libgit2 runs none of the programs that a repository
        // can name, which is what the check is against.
        git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { git_libgit2_shutdown(); }
};

Repository open_repository(const fs::path& path)
{
    git_repository* opened = nullptr;
    if (git_repository_open_ext(&opened, path.c_str(), 0, nullptr) != 0)
        return nullptr;
    return Repository(opened);
}

// ".trueup/state.db": what is ours, or nobody's to commit.
bool is_hidden(const fs::path& path)
{
    for (const fs::path& part : path)
        if (part.native().starts_with('.'))
            return true;
    return false;
}

bool is_dirty(git_repository* repository, const std::string& below)
{
    git_status_options options;
    git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
    options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                    GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
    std::string pathspec = below;
    char* paths[] = {pathspec.data()};
    if (!below.empty()) {
        options.pathspec.strings = paths;
        options.pathspec.count = 1;
    }
    git_status_list* made = nullptr;
    if (git_status_list_new(&made, repository, &options) != 0)
        return true; // what cannot be compared cannot be called equal
    const StatusList list(made);
    for (std::size_t i = 0; i < git_status_list_entrycount(list.get()); ++i) {
        const git_status_entry* entry = git_status_byindex(list.get(), i);
        const git_diff_delta* delta =
            entry->index_to_workdir != nullptr ? entry->index_to_workdir : entry->head_to_index;
        if (delta != nullptr && !is_hidden(delta->new_file.path))
            return true;
    }
    return false;
}

} // namespace

std::optional<GitHead> find_git_head(const fs::path& path, GitLook look)
{
    static const Library library;
    std::error_code failure;
    const fs::path place = fs::canonical(path, failure);
    if (failure)
        return std::nullopt;
    const Repository repository = open_repository(place);
    const char* work_tree = repository ? git_repository_workdir(repository.get()) : nullptr;
    if (work_tree == nullptr)
        return std::nullopt;
    GitHead head;
    head.directory = git_repository_path(repository.get());
    head.work_tree = work_tree;
    std::string below = place.lexically_relative(head.work_tree.lexically_normal()).string();
    if (below == "." || below.starts_with(".."))
        below.clear();
    int ignored = 0;
    if (!below.empty() &&
        git_ignore_path_is_ignored(&ignored, repository.get(), below.c_str()) == 0 && ignored != 0)
        return std::nullopt;
    git_oid commit;
    if (git_reference_name_to_id(&commit, repository.get(), "HEAD") != 0)
        return std::nullopt;
    char hex[GIT_OID_HEXSZ + 1] = {};
    git_oid_tostr(hex, sizeof hex, &commit);
    head.commit = hex;
    if (look == GitLook::status)
        head.dirty = is_dirty(repository.get(), below);
    return head;
}

} // namespace trueup::manifests
