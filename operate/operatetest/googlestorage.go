package operatetest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// GoogleStorage is an emulator of Google Cloud Storage, whose libraries find it by the variable STORAGE_EMULATOR_HOST.
// It creates an object once the upload is complete: https://cloud.google.com/storage/docs/json_api
type GoogleStorage struct {
	// Host is its address, as the variable wants it.
	Host    string
	mutex   sync.Mutex
	objects map[string][]byte
	uploads []*upload
}

// upload is an object of which chunks are sent.
type upload struct {
	name    string
	content []byte
	ended   bool
}

// NewGoogleStorage starts an empty one, with one bucket, which has every name.
func NewGoogleStorage(t testing.TB) *GoogleStorage {
	t.Helper()
	g := &GoogleStorage{objects: map[string][]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /upload/storage/v1/b/{bucket}/o", g.begin)
	mux.HandleFunc("POST /upload/{id}", g.goOn)
	mux.HandleFunc("GET /storage/v1/b/{bucket}/o", g.list)
	mux.HandleFunc("DELETE /storage/v1/b/{bucket}/o/{name}", g.delete)
	mux.HandleFunc("GET /{bucket}/{name...}", g.read)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g.Host = server.Listener.Addr().String()
	return g
}

// Put creates an object.
func (g *GoogleStorage) Put(name string, content []byte) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.objects[name] = content
}

// Objects returns what is in the bucket.
func (g *GoogleStorage) Objects() map[string][]byte {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return maps.Clone(g.objects)
}

// Unfinished returns the number of uploads that have begun and not ended.
func (g *GoogleStorage) Unfinished() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	count := 0
	for _, u := range g.uploads {
		if !u.ended {
			count++
		}
	}
	return count
}

// begin takes a whole object with its name before it, or returns where the chunks of a longer one go.
func (g *GoogleStorage) begin(w http.ResponseWriter, r *http.Request) {
	var object struct{ Name string }
	if r.URL.Query().Get("uploadType") == "resumable" {
		if err := json.NewDecoder(r.Body).Decode(&object); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		g.mutex.Lock()
		defer g.mutex.Unlock()
		g.uploads = append(g.uploads, &upload{name: object.Name})
		w.Header().Set("Location", fmt.Sprintf("http://%s/upload/%d", g.Host, len(g.uploads)-1))
		return
	}
	content, err := readParts(r, &object)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.Put(object.Name, content)
	g.describe(w, object.Name)
}

// readParts reads a request of two parts: what describes an object, and its content.
func readParts(r *http.Request, about any) ([]byte, error) {
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	parts := multipart.NewReader(r.Body, parameters["boundary"])
	part, err := parts.NextPart()
	if err != nil {
		return nil, err
	}
	if err := json.NewDecoder(part).Decode(about); err != nil {
		return nil, err
	}
	if part, err = parts.NextPart(); err != nil {
		return nil, err
	}
	return io.ReadAll(part)
}

// goOn takes a chunk. The last one has the length of the whole object.
func (g *GoogleStorage) goOn(w http.ResponseWriter, r *http.Request) {
	chunk, err := io.ReadAll(r.Body)
	number, numberErr := strconv.Atoi(r.PathValue("id"))
	if err != nil || numberErr != nil {
		http.Error(w, "no chunk", http.StatusBadRequest)
		return
	}
	g.mutex.Lock()
	u := g.uploads[number]
	u.content = append(u.content, chunk...)
	u.ended = !strings.HasSuffix(r.Header.Get("Content-Range"), "/*")
	g.mutex.Unlock()
	if u.ended {
		g.Put(u.name, u.content)
		g.describe(w, u.name)
		return
	}
	// https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload answers 308, which the library
	// has said otherwise.
	w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(u.content)-1))
	w.Header().Set("X-Http-Status-Code-Override", "308")
}

func (g *GoogleStorage) list(w http.ResponseWriter, r *http.Request) {
	type item struct {
		Name string `json:"name"`
	}
	items := []item{}
	objects := g.Objects()
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
			items = append(items, item{name})
		}
	}
	g.answer(w, map[string]any{"items": items})
}

func (g *GoogleStorage) delete(w http.ResponseWriter, r *http.Request) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	delete(g.objects, r.PathValue("name"))
	w.WriteHeader(http.StatusNoContent)
}

func (g *GoogleStorage) read(w http.ResponseWriter, r *http.Request) {
	content, found := g.Objects()[r.PathValue("name")]
	if !found {
		http.Error(w, "NoSuchKey", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	// A client that goes away is the client's affair.
	_, _ = w.Write(content)
}

func (g *GoogleStorage) describe(w http.ResponseWriter, name string) {
	g.answer(w, map[string]any{"name": name, "size": strconv.Itoa(len(g.Objects()[name]))})
}

func (g *GoogleStorage) answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
