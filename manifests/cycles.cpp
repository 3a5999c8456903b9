#include "manifests/cycles.hpp"

#include "state/model/resource.hpp"

#include <algorithm>

namespace trueup::manifests {

namespace {

// That one manifest waits for another, and where it says so.
struct Edge {
    std::size_t target;
    Place place;
};

class Search {
public:
    Search(const ManifestSet& set, Diagnostics& diagnostics)
        : set_(set), diagnostics_(diagnostics), states_(set.manifests.size(), State::unseen)
    {
    }

    void run()
    {
        for (std::size_t i = 0; i < set_.manifests.size(); ++i)
            if (states_[i] == State::unseen)
                visit(i);
    }

private:
    enum class State { unseen, on_path, done };

    // A manifest on the current path, and the edge that is followed next.
    struct Stop {
        std::size_t manifest;
        std::vector<Edge> edges;
        std::size_t next = 0;
    };

    void add_edge(std::vector<Edge>& edges, const Address& target, Place place) const;
    std::vector<Edge> edges_of(const Manifest& manifest) const;
    void enter(std::size_t manifest);
    void visit(std::size_t manifest);
    void report(std::size_t closing) const;

    const ManifestSet& set_;
    Diagnostics& diagnostics_;
    std::vector<State> states_;
    std::vector<Stop> path_;
};

void Search::add_edge(std::vector<Edge>& edges, const Address& target, Place place) const
{
    if (const Manifest* found = set_.find(target))
        edges.push_back({static_cast<std::size_t>(found - set_.manifests.data()), place});
}

std::vector<Edge> Search::edges_of(const Manifest& manifest) const
{
    std::vector<Edge> edges;
    for (const Reference& reference : manifest.references)
        add_edge(edges, reference.target, reference.place);
    if (manifest.address.project())
        add_edge(edges, scope_address(*manifest.kind, *manifest.address.project()), manifest.place);
    return edges;
}

void Search::enter(std::size_t manifest)
{
    states_[manifest] = State::on_path;
    path_.push_back({manifest, edges_of(set_.manifests[manifest])});
}

// Depth first, on a stack of its own: a chain may be as long as the set is large.
void Search::visit(std::size_t manifest)
{
    enter(manifest);
    while (!path_.empty()) {
        Stop& stop = path_.back();
        if (stop.next == stop.edges.size()) {
            states_[stop.manifest] = State::done;
            path_.pop_back();
            continue;
        }
        const std::size_t target = stop.edges[stop.next++].target;
        if (states_[target] == State::on_path)
            report(target);
        else if (states_[target] == State::unseen)
            enter(target);
    }
}

void Search::report(std::size_t closing) const
{
    const auto first = std::ranges::find(path_, closing, &Stop::manifest);
    std::string way;
    for (auto stop = first; stop != path_.end(); ++stop) {
        const Manifest& manifest = set_.manifests[stop->manifest];
        const Place place = stop->edges[stop->next - 1].place;
        way += manifest.address.text() + " (" + manifest.file + ":" + std::to_string(place.line) +
               ") -> ";
    }
    const Manifest& start = set_.manifests[closing];
    diagnostics_.error(start.file,
                       first->edges[first->next - 1].place,
                       "resources wait for each other in a circle: " + way + start.address.text(),
                       "remove one of these references");
}

} // namespace

void report_cycles(const ManifestSet& set, Diagnostics& diagnostics)
{
    Search(set, diagnostics).run();
}

} // namespace trueup::manifests
