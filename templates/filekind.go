package templates

import (
	"path"
	"strings"
)

// KindOf gives what a person calls a type of file ("PDF", "Image", "Sheet"), up to four letters for its tile, and the tile's hue.
// The name's extension wins over the media type, which senders often leave at application/octet-stream.
func KindOf(mediaType, name string) (kind, tile string, hue int) {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	tile = strings.ToUpper(ext)
	if len(tile) > 4 || strings.ContainsFunc(tile, func(r rune) bool { return r > 'z' || !isAlnum(byte(r)) }) {
		tile = ""
	}
	k, ok := kindsByExt[ext]
	if !ok {
		k = kindByType(mediaType)
	}
	if tile == "" {
		tile = k.tile
	}
	return k.name, tile, k.hue
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

type fileKind struct {
	name, tile string
	hue        int
}

var (
	kindPDF     = fileKind{"PDF", "PDF", 2}
	kindSheet   = fileKind{"Sheet", "XLS", 3}
	kindDoc     = fileKind{"Document", "DOC", 6}
	kindSlides  = fileKind{"Slides", "PPT", 7}
	kindImage   = fileKind{"Image", "IMG", 1}
	kindAudio   = fileKind{"Audio", "AUD", 4}
	kindVideo   = fileKind{"Video", "VID", 5}
	kindArchive = fileKind{"Archive", "ZIP", 8}
	kindText    = fileKind{"Text", "TXT", 8}
	kindPage    = fileKind{"Web page", "HTML", 8}
	kindMail    = fileKind{"Message", "MAIL", 1}
	kindEvent   = fileKind{"Calendar", "ICS", 4}
	kindCard    = fileKind{"Contact", "VCF", 5}
	kindProgram = fileKind{"Program", "EXE", 2}
	kindFile    = fileKind{"File", "FILE", 8}
)

var kindsByExt = map[string]fileKind{
	"pdf": kindPDF,
	"xls": kindSheet, "xlsx": kindSheet, "xlsm": kindSheet, "ods": kindSheet, "csv": kindSheet, "tsv": kindSheet, "numbers": kindSheet,
	"doc": kindDoc, "docx": kindDoc, "docm": kindDoc, "odt": kindDoc, "rtf": kindDoc, "pages": kindDoc,
	"ppt": kindSlides, "pptx": kindSlides, "odp": kindSlides, "key": kindSlides,
	"png": kindImage, "jpg": kindImage, "jpeg": kindImage, "gif": kindImage, "webp": kindImage, "svg": kindImage, "tif": kindImage, "tiff": kindImage, "bmp": kindImage, "heic": kindImage, "avif": kindImage,
	"mp3": kindAudio, "ogg": kindAudio, "oga": kindAudio, "wav": kindAudio, "flac": kindAudio, "m4a": kindAudio, "opus": kindAudio,
	"mp4": kindVideo, "webm": kindVideo, "mov": kindVideo, "mkv": kindVideo, "avi": kindVideo,
	"zip": kindArchive, "gz": kindArchive, "tgz": kindArchive, "bz2": kindArchive, "xz": kindArchive, "7z": kindArchive, "rar": kindArchive, "tar": kindArchive,
	"txt": kindText, "log": kindText, "md": kindText, "diff": kindText, "patch": kindText, "json": kindText, "xml": kindText,
	"html": kindPage, "htm": kindPage,
	"eml": kindMail, "msg": kindMail, "ics": kindEvent, "vcf": kindCard,
	"exe": kindProgram, "msi": kindProgram, "bat": kindProgram, "cmd": kindProgram, "js": kindProgram, "vbs": kindProgram, "scr": kindProgram, "apk": kindProgram, "jar": kindProgram, "ps1": kindProgram, "sh": kindProgram,
}

func kindByType(mediaType string) fileKind {
	switch mediaType {
	case "application/pdf":
		return kindPDF
	case "message/rfc822", "message/global":
		return kindMail
	case "text/calendar":
		return kindEvent
	case "text/vcard", "text/x-vcard":
		return kindCard
	case "text/html":
		return kindPage
	case "application/zip", "application/gzip":
		return kindArchive
	}
	switch top, _, _ := strings.Cut(mediaType, "/"); top {
	case "image":
		return kindImage
	case "audio":
		return kindAudio
	case "video":
		return kindVideo
	case "text":
		return kindText
	}
	return kindFile
}

// stemAndExt cuts a file name so that the extension stays visible when the rest is too long for its place.
func stemAndExt(name string) (stem, ext string) {
	ext = path.Ext(name)
	if ext == name || len(ext) > 12 || strings.ContainsAny(ext, " ") {
		return name, ""
	}
	return strings.TrimSuffix(name, ext), ext
}
