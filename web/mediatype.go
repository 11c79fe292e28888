package web

import (
	"bytes"
	"mime"
	"path"
	"strings"

	"godwit/imapsession"
	"godwit/templates"
)

// Which types a browser is told. Only what can't run anything is named as it is, and only pictures by their own first bytes are shown in place; the rest is a file to be
// saved, of no type (SECURITY.md c9).

const octetStream = "application/octet-stream"

// rasterOf tells a picture by its first bytes; "" for anything else. SVG is none: it is a document.
func rasterOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return "image/gif"
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "image/webp"
	}
	return ""
}

// servedTypes are named as they are; their value says how the preview page shows them.
var servedTypes = map[string]templates.PreviewKind{
	"text/plain": templates.PreviewText, "application/pdf": templates.PreviewPDF,
	"audio/mpeg": templates.PreviewAudio, "audio/mp4": templates.PreviewAudio, "audio/aac": templates.PreviewAudio, "audio/ogg": templates.PreviewAudio, "audio/opus": templates.PreviewAudio,
	"audio/wav": templates.PreviewAudio, "audio/flac": templates.PreviewAudio, "audio/webm": templates.PreviewAudio,
	"video/mp4": templates.PreviewVideo, "video/webm": templates.PreviewVideo, "video/ogg": templates.PreviewVideo,
	"application/zip": templates.PreviewNone, "application/gzip": templates.PreviewNone,
	"application/msword": templates.PreviewNone, "application/vnd.ms-excel": templates.PreviewNone, "application/vnd.ms-powerpoint": templates.PreviewNone,
	"application/vnd.oasis.opendocument.text": templates.PreviewNone, "application/vnd.oasis.opendocument.spreadsheet": templates.PreviewNone, "application/vnd.oasis.opendocument.presentation": templates.PreviewNone,
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   templates.PreviewNone,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         templates.PreviewNone,
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": templates.PreviewNone,
}

// otherNames are further names of served types.
var otherNames = map[string]string{
	"audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/vnd.wave": "audio/wav", "audio/mp3": "audio/mpeg", "audio/x-mpeg": "audio/mpeg", "audio/x-m4a": "audio/mp4", "audio/x-flac": "audio/flac",
	"application/ogg": "audio/ogg", "application/x-pdf": "application/pdf", "application/x-zip-compressed": "application/zip", "application/x-gzip": "application/gzip", "audio/x-aac": "audio/aac",
}

// typesByExtension helps where the sender gave no type.
var typesByExtension = map[string]string{
	".pdf": "application/pdf", ".txt": "text/plain", ".log": "text/plain", ".md": "text/plain", ".csv": "text/plain", ".json": "text/plain", ".patch": "text/plain", ".diff": "text/plain",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff",
	".zip": "application/zip", ".gz": "application/gzip", ".eml": "message/rfc822",
}

// typeOf is a part's media type, by its name where the sender gave none that says anything.
func typeOf(mediaType, name string) string {
	if other, ok := otherNames[mediaType]; ok {
		return other
	}
	if mediaType == octetStream || mediaType == "" || mediaType == "application/x-download" || mediaType == "application/force-download" {
		if t, ok := typesByExtension[strings.ToLower(path.Ext(name))]; ok {
			return t
		}
	}
	return mediaType
}

// servedType is the Content-Type of content whose first bytes are head.
func servedType(mediaType, name, charset string, head []byte) string {
	if raster := rasterOf(head); raster != "" {
		return raster
	}
	t := typeOf(mediaType, name)
	if t == "text/plain" {
		if plainToken(charset) {
			return mime.FormatMediaType("text/plain", map[string]string{"charset": charset})
		}
		return "text/plain"
	}
	if _, ok := servedTypes[t]; ok {
		return t
	}
	return octetStream
}

func plainToken(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// previewOf says how the preview page shows a part; text of any kind as its source.
func previewOf(mediaType, name string) templates.PreviewKind {
	t := typeOf(mediaType, name)
	if kind, ok := servedTypes[t]; ok {
		return kind
	}
	switch {
	case t == "image/png", t == "image/jpeg", t == "image/gif", t == "image/webp":
		return templates.PreviewImage
	case strings.HasPrefix(t, "text/"), t == "application/json", t == "application/xml", t == "application/x-sh", t == "message/delivery-status", t == "message/disposition-notification":
		return templates.PreviewText
	}
	return templates.PreviewNone
}

// thumbable tells whether thumb.go may make a small picture.
func thumbable(p *imapsession.Part) bool {
	switch typeOf(p.Type, p.Filename) {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/x-ms-bmp", "image/tiff":
		return p.Octets <= maxThumbSource
	}
	return false
}

// compressed tells content that deflate only costs time on.
func compressed(mediaType, name string) bool {
	t := typeOf(mediaType, name)
	switch top, _, _ := strings.Cut(t, "/"); top {
	case "audio", "video":
		return t != "audio/wav"
	case "image":
		return t != "image/bmp" && t != "image/tiff" && t != "image/svg+xml"
	}
	return t == "application/zip" || t == "application/gzip" || t == "application/pdf" || strings.Contains(t, "openxmlformats") || strings.Contains(t, "opendocument")
}

// extensionOf is what a nameless part's file name ends in.
func extensionOf(mediaType string) string {
	switch mediaType {
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".html"
	case "text/calendar":
		return ".ics"
	case "text/vcard", "text/x-vcard":
		return ".vcf"
	case "message/rfc822", "message/global":
		return ".eml"
	case "application/pgp-signature":
		return ".asc"
	case "application/pkcs7-signature", "application/x-pkcs7-signature":
		return ".p7s"
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return ".p7m"
	case "image/svg+xml":
		return ".svg"
	case "message/delivery-status", "text/rfc822-headers":
		return ".txt"
	}
	// The shortest of those that mean the type: ".png", not ".x-png".
	best := ".bin"
	for ext, t := range typesByExtension {
		if t == mediaType && (best == ".bin" || len(ext) < len(best) || len(ext) == len(best) && ext < best) {
			best = ext
		}
	}
	return best
}

// nounOf is what a nameless part's file name begins with.
func nounOf(mediaType string) string {
	switch top, _, _ := strings.Cut(mediaType, "/"); top {
	case "image", "audio", "video", "text", "message":
		return top
	}
	return "attachment"
}
