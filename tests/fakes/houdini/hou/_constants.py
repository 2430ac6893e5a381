"""The API's own enumerations, those that are in use."""

from __future__ import annotations

from hou._enums import Enumeration, EnumValue


class attribData(Enumeration):
    Dict: EnumValue
    Float: EnumValue
    Int: EnumValue
    String: EnumValue


class attribScope(Enumeration):
    Private: EnumValue
    Public: EnumValue


class attribType(Enumeration):
    Global: EnumValue
    Point: EnumValue
    Prim: EnumValue
    Vertex: EnumValue


class confirmType(Enumeration):
    BackgroundSave: EnumValue
    DeleteGalleryEntry: EnumValue
    DeleteShelfElement: EnumValue
    DeleteSpareParameters: EnumValue
    DeleteWithoutReferences: EnumValue
    InactiveSnapMode: EnumValue
    LockMultiNode: EnumValue
    NestedChannelGroups: EnumValue
    NoConfirmType: EnumValue
    OCIOChangeReminder: EnumValue
    OCIOPackageExists: EnumValue
    OverwriteFile: EnumValue
    OverwriteRecipe: EnumValue
    SaveEmbeddedDefinitions: EnumValue
    SiblingChannelGroups: EnumValue
    TopCookSave: EnumValue
    TopDeleteResults: EnumValue
    TopDeleteTempDir: EnumValue
    TopHotKeyCancelCook: EnumValue
    TopTerminateRemoteSession: EnumValue
    TopViewResults: EnumValue
    UnlockNode: EnumValue


class exprLanguage(Enumeration):
    Hscript: EnumValue
    Python: EnumValue


class fileType(Enumeration):
    Alembic: EnumValue
    Any: EnumValue
    Capture: EnumValue
    Chan: EnumValue
    Clip: EnumValue
    Cmd: EnumValue
    Dae: EnumValue
    Directory: EnumValue
    Ds: EnumValue
    Fbx: EnumValue
    Gallery: EnumValue
    Geometry: EnumValue
    Gltf: EnumValue
    Hip: EnumValue
    I3d: EnumValue
    Icon: EnumValue
    Image: EnumValue
    LightRig: EnumValue
    Lut: EnumValue
    Midi: EnumValue
    Movie: EnumValue
    Otl: EnumValue
    Psd: EnumValue
    Ramp: EnumValue
    Sim: EnumValue
    SimData: EnumValue
    Sqlite: EnumValue
    Usd: EnumValue


class folderType(Enumeration):
    Collapsible: EnumValue
    ImportBlock: EnumValue
    MultiparmBlock: EnumValue
    RadioButtons: EnumValue
    ScrollingMultiparmBlock: EnumValue
    Simple: EnumValue
    TabbedMultiparmBlock: EnumValue
    Tabs: EnumValue


class hdaEventType(Enumeration):
    AssetCreated: EnumValue
    AssetDeleted: EnumValue
    AssetSaved: EnumValue
    BeforeAssetCreated: EnumValue
    BeforeAssetDeleted: EnumValue
    BeforeAssetSaved: EnumValue
    LibraryInstalled: EnumValue
    LibraryUninstalled: EnumValue


class hipFileEventType(Enumeration):
    AfterClear: EnumValue
    AfterLoad: EnumValue
    AfterMerge: EnumValue
    AfterSave: EnumValue
    BeforeClear: EnumValue
    BeforeLoad: EnumValue
    BeforeMerge: EnumValue
    BeforeSave: EnumValue


class imageLayerBorder(Enumeration):
    Clamp: EnumValue
    Constant: EnumValue
    Mirror: EnumValue
    Wrap: EnumValue


class imageLayerProjection(Enumeration):
    Orthographic: EnumValue
    Perspective: EnumValue


class imageLayerStorageType(Enumeration):
    Fixed16: EnumValue
    Fixed8: EnumValue
    Float16: EnumValue
    Float32: EnumValue
    Int16: EnumValue
    Int32: EnumValue
    Int8: EnumValue


class imageLayerTypeInfo(Enumeration):
    Color: EnumValue
    Height: EnumValue
    ID: EnumValue
    Mask: EnumValue
    Normal: EnumValue
    OffsetNormal: EnumValue
    Position: EnumValue
    Raw: EnumValue
    SDF: EnumValue
    Texture: EnumValue
    Vector: EnumValue


class labelParmType(Enumeration):
    Heading: EnumValue
    Label: EnumValue
    Message: EnumValue


class licenseCategoryType(Enumeration):
    Apprentice: EnumValue
    ApprenticeHD: EnumValue
    Commercial: EnumValue
    Education: EnumValue
    Indie: EnumValue


class menuType(Enumeration):
    ControlNextParameter: EnumValue
    Mini: EnumValue
    Normal: EnumValue
    StringReplace: EnumValue
    StringToggle: EnumValue


class nodeEventType(Enumeration):
    AppearanceChanged: EnumValue
    BeingDeleted: EnumValue
    ChildCreated: EnumValue
    ChildDeleted: EnumValue
    ChildReordered: EnumValue
    ChildSelectionChanged: EnumValue
    ChildSwitched: EnumValue
    CustomDataChanged: EnumValue
    FlagChanged: EnumValue
    IndirectInputCreated: EnumValue
    IndirectInputDeleted: EnumValue
    IndirectInputRewired: EnumValue
    InputDataChanged: EnumValue
    InputRewired: EnumValue
    NameChanged: EnumValue
    NetworkBoxChanged: EnumValue
    NetworkBoxCreated: EnumValue
    NetworkBoxDeleted: EnumValue
    ParmTupleAnimated: EnumValue
    ParmTupleChanged: EnumValue
    ParmTupleChannelChanged: EnumValue
    ParmTupleEnabledChanged: EnumValue
    ParmTupleLockChanged: EnumValue
    ParmTupleVisibleChanged: EnumValue
    PositionChanged: EnumValue
    SelectionChanged: EnumValue
    SpareParmTemplatesChanged: EnumValue
    StickyNoteChanged: EnumValue
    StickyNoteCreated: EnumValue
    StickyNoteDeleted: EnumValue
    WorkItemSelectionChanged: EnumValue


class nodeFlag(Enumeration):
    Audio: EnumValue
    Bypass: EnumValue
    ColorDefault: EnumValue
    Compress: EnumValue
    Current: EnumValue
    Debug: EnumValue
    Display: EnumValue
    DisplayComment: EnumValue
    DisplayDescriptiveName: EnumValue
    Export: EnumValue
    Expose: EnumValue
    Footprint: EnumValue
    Highlight: EnumValue
    InOutDetailHigh: EnumValue
    InOutDetailLow: EnumValue
    InOutDetailMedium: EnumValue
    Lock: EnumValue
    Material: EnumValue
    Origin: EnumValue
    OutputForDisplay: EnumValue
    Pick: EnumValue
    Render: EnumValue
    Selectable: EnumValue
    SoftLock: EnumValue
    Template: EnumValue
    Unload: EnumValue
    Visible: EnumValue
    XRay: EnumValue


class nodeTypeSource(Enumeration):
    CompiledCode: EnumValue
    Internal: EnumValue
    RslCode: EnumValue
    Subnet: EnumValue
    VexCode: EnumValue


class numericData(Enumeration):
    Float16: EnumValue
    Float32: EnumValue
    Float64: EnumValue
    Int16: EnumValue
    Int32: EnumValue
    Int64: EnumValue
    Int8: EnumValue
    UInt8: EnumValue


class paneTabType(Enumeration):
    ApexEditor: EnumValue
    AssetBrowser: EnumValue
    BundleList: EnumValue
    ChannelEditor: EnumValue
    ChannelList: EnumValue
    ChannelViewer: EnumValue
    CompositorViewer: EnumValue
    ContextViewer: EnumValue
    DataTree: EnumValue
    DetailsView: EnumValue
    EngineSessionSync: EnumValue
    HandleList: EnumValue
    HelpBrowser: EnumValue
    IPRViewer: EnumValue
    LightLinker: EnumValue
    MaterialPalette: EnumValue
    NetworkEditor: EnumValue
    OutputViewer: EnumValue
    Parm: EnumValue
    ParmSpreadsheet: EnumValue
    PerformanceMonitor: EnumValue
    PythonPanel: EnumValue
    PythonShell: EnumValue
    RenderGallery: EnumValue
    SceneViewer: EnumValue
    ShaderViewer: EnumValue
    TakeList: EnumValue
    Textport: EnumValue
    TreeView: EnumValue


class parmCondType(Enumeration):
    DisableWhen: EnumValue
    HideWhen: EnumValue
    NoCookWhen: EnumValue


class parmData(Enumeration):
    Float: EnumValue
    Int: EnumValue
    Ramp: EnumValue
    String: EnumValue


class parmLook(Enumeration):
    Angle: EnumValue
    CRGBAPlaneChooser: EnumValue
    ColorSquare: EnumValue
    HueCircle: EnumValue
    Logarithmic: EnumValue
    Regular: EnumValue
    Vector: EnumValue


class parmNamingScheme(Enumeration):
    Base1: EnumValue
    BeginEnd: EnumValue
    MaxMin: EnumValue
    MinMax: EnumValue
    RGBA: EnumValue
    StartEnd: EnumValue
    UVW: EnumValue
    XYWH: EnumValue
    XYZW: EnumValue


class parmTemplateType(Enumeration):
    Button: EnumValue
    Data: EnumValue
    Float: EnumValue
    Folder: EnumValue
    FolderSet: EnumValue
    Int: EnumValue
    Label: EnumValue
    Menu: EnumValue
    Ramp: EnumValue
    Separator: EnumValue
    String: EnumValue
    Toggle: EnumValue


class playbarEvent(Enumeration):
    ChannelListChanged: EnumValue
    FrameChanged: EnumValue
    GlobalFrameRangeChanged: EnumValue
    PlaybackFrameRangeChanged: EnumValue
    ScrubStarted: EnumValue
    ScrubStopped: EnumValue
    Started: EnumValue
    Stopped: EnumValue


class primType(Enumeration):
    Agent: EnumValue
    AlembicRef: EnumValue
    BezierCurve: EnumValue
    BezierSurface: EnumValue
    ChannelPrim: EnumValue
    Circle: EnumValue
    Custom: EnumValue
    Hexahedron: EnumValue
    Mesh: EnumValue
    Metaball: EnumValue
    NURBSCurve: EnumValue
    NURBSSurface: EnumValue
    PackedFragment: EnumValue
    PackedGeometry: EnumValue
    PackedPrim: EnumValue
    ParticleSystem: EnumValue
    PastedSurface: EnumValue
    PolySoup: EnumValue
    Polygon: EnumValue
    Sphere: EnumValue
    Tetrahedron: EnumValue
    TriangleBezier: EnumValue
    TriangleFan: EnumValue
    TriangleStrip: EnumValue
    Tube: EnumValue
    Unknown: EnumValue
    VDB: EnumValue
    Volume: EnumValue


class scriptLanguage(Enumeration):
    Hscript: EnumValue
    Python: EnumValue


class severityType(Enumeration):
    Error: EnumValue
    Fatal: EnumValue
    ImportantMessage: EnumValue
    Message: EnumValue
    Warning: EnumValue


class stringParmType(Enumeration):
    FileReference: EnumValue
    NodeReference: EnumValue
    NodeReferenceList: EnumValue
    Regular: EnumValue


class updateMode(Enumeration):
    AutoUpdate: EnumValue
    Manual: EnumValue
    OnMouseUp: EnumValue


class vdbData(Enumeration):
    Boolean: EnumValue
    Float: EnumValue
    Int: EnumValue
    Vector3: EnumValue


class volumeStorageType(Enumeration):
    Float: EnumValue
    Int: EnumValue


class volumeVisualization(Enumeration):
    HeightField: EnumValue
    Image: EnumValue
    Invisible: EnumValue
    Iso: EnumValue
    Rainbow: EnumValue
    Smoke: EnumValue
